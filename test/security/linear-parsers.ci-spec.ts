import { describe, expect, it } from '@jest/globals';
import { PARSERS, parsed, type Parser } from './parsers.js';

const KIB = 1024;
/** A parser is timed at two sizes, in bytes: of what stands in a head 16 KiB are all that the server takes. */
const HEAD = { short: 4 * KIB, long: 16 * KIB, maxGrowth: 10, quickMs: 4 } as const;
const BODY = { short: 64 * KIB, long: 1024 * KIB, maxGrowth: 96, quickMs: 100 } as const;
/**
 * The time of a quadratic parser grows by 16 from a short to a long head and by 256 from a short to a long body, that of
 * a linear one by 4 and 16, and by more where a large heap is collected meanwhile. What takes at most `quickMs` at its
 * longest is quick, whatever it grows by, and no ratio can be made of it.
 */
const SIZES = { head: HEAD, body: BODY, value: BODY } as const;
const MAX_MS_AT_16_KIB = 20;
/** So often a parser that seems slow is timed again before it is said to be. */
const MAX_ROUNDS = 4;

/** What texts repeat: characters that grammars give a meaning to, and what begins something anew each time. */
const UNITS = {
  head: [
    ...['"', '\\', ',', ' ', '[', '%', '=', '.', '-', '/', '&', '1', 'a', '"\\', '\\,', ';a="', 'a,', 'a '],
    ...['&a[=', '%cc%81', '1.', '"1-', 'Version/1 ', '127.0.0.1,', 'application/vnd.api+json;a="b",'],
  ],
  body: ['"', '\\', ',', '[', '%', 'a', 'a.', '{"a":', '\\u0041'],
  value: ['a'],
} as const;

const textOf = (start: string, unit: string, size: number): string =>
  start + unit.repeat(Math.ceil(size / unit.length)).slice(0, size - start.length);

/** In ms of CPU, the least of several: what else the machine does makes it more, and never less. */
async function leastOf(times: number, parser: Parser, text: string): Promise<number> {
  let least = Infinity;
  for (let n = 0; n < times; n++) {
    const run = parser.prepare(text);
    const before = process.cpuUsage();
    await parsed(run);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** What is wrong with the time that a parser takes for texts of one form; null when nothing is. */
async function slowness(parser: Parser, start: string, unit: string): Promise<string | null> {
  const { short, long, maxGrowth, quickMs } = SIZES[parser.of];
  const [shortText, longText, of16KiB] = [short, long, 16 * KIB].map((size) => textOf(start, unit, size));
  let [ofShort, ofLong, at16KiB] = [Infinity, Infinity, Infinity];
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    ofLong = Math.min(ofLong, await leastOf(1, parser, longText ?? ''));
    if (ofLong <= quickMs) return null;
    // A short text is parsed more often, since a little noise counts more in it.
    ofShort = Math.min(ofShort, await leastOf(3, parser, shortText ?? ''));
    at16KiB = Math.min(at16KiB, await leastOf(1, parser, of16KiB ?? ''));
    // A long head has that size: two measurements of one thing.
    if (long === 16 * KIB) ofLong = at16KiB = Math.min(ofLong, at16KiB);
    if (ofLong / ofShort <= maxGrowth && at16KiB <= MAX_MS_AT_16_KIB) return null;
  }
  const times = [at16KiB, ofShort, ofLong].map((ms) => ms.toFixed(1));
  return (
    `${times[0]} ms for 16 KiB, ${times[1]} ms for ${short / KIB} KiB, ${times[2]} ms for ${long / KIB} KiB` +
    ` of ${JSON.stringify(start)} and then ${JSON.stringify(unit)} again and again`
  );
}

describe('Parsing takes time in proportion to what is parsed, and less than 20 ms for 16 KiB:', () => {
  it.each(PARSERS.map((parser) => [parser.name, parser] as const))('%s', async (_, parser) => {
    const found: string[] = [];
    for (const start of parser.heads) {
      for (const unit of parser.units ?? UNITS[parser.of])
        found.push(...[await slowness(parser, start, unit)].flatMap((one) => one ?? []));
    }
    expect(found).toEqual([]);
  });
});

describe('It would be noticed of a parser', () => {
  const parser = (of: Parser['of'], parse: (text: string) => unknown): Parser => ({
    name: 'slow',
    heads: [''],
    of,
    prepare: (text) => () => parse(text),
  });

  it('that is quadratic in a header', async () => {
    // From each quotation mark it reads to the end of the text, and finds no comma.
    const quadratic = parser('head', (text) => /"+,$/.test(text));
    expect(await slowness(quadratic, '', '"')).toMatch(/ of "" and then "\\"" again and again$/);
  });

  it('that is quadratic in a body', async () => {
    // One value for every 32 bytes, each of which is compared with all before it.
    const quadratic = parser('body', (text) => {
      const different: number[] = [];
      for (let at = 0; at < text.length; at += 32) {
        if (!different.some((one) => one === at)) different.push(at);
      }
      return different;
    });
    expect(await slowness(quadratic, '', 'a')).toMatch(/ of "" and then "a" again and again$/);
  });

  it('that is linear, and slow', async () => {
    const slow = parser('head', (text) => {
      const end = process.cpuUsage().user + text.length * 2;
      while (process.cpuUsage().user < end);
    });
    expect(await slowness(slow, '', 'a')).toMatch(/^\d+\.\d ms for 16 KiB, /);
  });
});
