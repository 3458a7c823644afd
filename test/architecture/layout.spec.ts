import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const MAX_FILES = 16;
const MAX_LINES = 250;
const MIN_LINES = 30;
/** Files that may be short: their decorators are what they are for. */
const MAY_BE_SHORT =
  /\.(module|entity|dto|decorator|resource|controller|command|repository|service)\.ts$|\/migrations\//;
/** Short files of other kinds, each with the reason why it is not a part of another file. */
const SHORT_FOR_A_REASON: Readonly<Record<string, string>> = {
  'app.logging.ts': 'joins modules that do not import each other',
  'app.migrate.ts': 'joins modules that do not import each other',
  'cli.ts': 'the program of the package',
  'cli/doctor/relay.ts': 'one check of doctor, as each file there',
  'config/errno.ts': 'used by folders that share nothing else',
  'config/variables/outbound.ts': 'one table of variables, as each file there',
  'database/pool.metrics.ts': 'loads the metrics, which commands that open the database do without',
  'embedded-postgres/embedded-error.ts': 'the error that every file of the folder throws',
  'json-api/http/offered-actions.ts': 'a provider that runs once at the start',
  'json-api/openapi/decorate-now.ts': 'runs before everything else that a team imports',
  'outbox/outbox.tasks.ts': 'the interface that features and teams add to, by its path',
  'pages/text/page.language.ts': 'chooses between the texts beside it, which import no code',
  'tracing/start-tracing.ts': 'loads OpenTelemetry only where it is configured',
};

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, lines: readFileSync(join('src', file), 'utf8').split('\n').length - 1 }));

const foldersOf = (root: string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) counts.set(entry.parentPath, (counts.get(entry.parentPath) ?? 0) + 1);
  }
  return counts;
};

const print = (line: string): void => void process.stdout.write(`${line}\n`);

describe('The files of src', () => {
  it(`stand at most ${MAX_FILES} side by side`, () => {
    const folders = [...foldersOf('src')].filter(([folder]) => !folder.includes('templates'));
    const crowded = folders.filter(([, count]) => count > MAX_FILES);
    const [largest] = folders.sort(([, left], [, right]) => right - left);
    print(`${files.length} files in ${folders.length} folders, at most ${largest?.[1]} in one (${largest?.[0]})`);
    expect(crowded).toEqual([]);
  });

  it(`have at most ${MAX_LINES} lines`, () => {
    expect(files.filter(({ lines }) => lines > MAX_LINES)).toEqual([]);
  });

  it(`have fewer than ${MIN_LINES} lines only where they are a module, an entity, a DTO or the like`, () => {
    const short = files.filter(({ file, lines }) => lines < MIN_LINES && !MAY_BE_SHORT.test(file));
    print(`${short.length} other files have fewer than ${MIN_LINES} lines`);
    expect(short.map(({ file }) => file).sort()).toEqual(Object.keys(SHORT_FOR_A_REASON).sort());
  });
});

describe('docs/architecture.md', () => {
  const page = readFileSync('docs/architecture.md', 'utf8');

  it('names every folder of src', () => {
    const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).filter((name) => !new RegExp(`\`(src/)?${name}[\`/]`).test(page))).toEqual(
      [],
    );
  });

  it('names only files that exist', () => {
    const named = [...page.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file]) => String(file));
    const isFile = (file: string): boolean =>
      existsSync(file) || files.some((one) => `/${one.file}`.endsWith(`/${file.replace(/^src\//, '')}`));
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((file) => !isFile(file))).toEqual([]);
  });
});
