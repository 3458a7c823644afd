import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { runCli } from '../../src/cli/run.js';
import { createTestDatabase, databaseEnvironment, type TestDatabase } from '../support/database.js';

const ACCOUNTS = 20_000;
/** Of each line, in characters: 40 MB together, of which 24 MB are stored. Long values would only keep the indexes busy. */
const LINE = 2_000;
const PICTURE_URL = 1_000;
/** How often the memory is looked at on the way. */
const LOOKS = 20;
/** In bytes: what is under way differs by a batch, whose lines are 4 MB, or whose accounts are one MB. */
const MAX_GROWTH = 10 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** What is alive, in bytes. */
function heap(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('Accounts that are moved', () => {
  let database: TestDatabase;
  let env: Record<string, string>;

  beforeAll(async () => {
    database = await createTestDatabase();
    env = {
      ...databaseEnvironment(database.url),
      DATA_DIR: await mkdtemp(join(tmpdir(), 'iam-memory-')),
      NODE_ENV: 'test',
    };
  });
  afterAll(async () => {
    await database.drop();
    await rm(env['DATA_DIR'] ?? '', { recursive: true });
  });

  it('need as much memory for the last ones as for the first, both ways', async () => {
    const growth: number[] = [];
    /** Compares the least that is alive at a time in the second half with that in the first: what is under way comes and goes. */
    const watch = () => {
      const looks: number[] = [];
      const least = (from: number, to?: number): number => Math.min(...looks.slice(from, to));
      return (place: number): void => {
        if (place % (ACCOUNTS / LOOKS) === 0) looks.push(heap());
        if (place === ACCOUNTS - 1) growth.push(least(LOOKS / 2) - least(1, LOOKS / 2));
      };
    };
    function* input(): Generator<Buffer> {
      const look = watch();
      for (let n = 0; n < ACCOUNTS; n++) {
        look(n);
        const picture_url = `https://example.com/${n}/`.padEnd(PICTURE_URL, 'x');
        const account = { name: `Person ${n}`, email: `p${n}@example.com`, picture_url };
        yield Buffer.from(`${JSON.stringify(account).padEnd(LINE)}\n`);
      }
    }
    const stdin = Readable.from(input());
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const imported = await runCli(['accounts', 'import', '-'], {}, { env: { ...env }, stdin, stdout, stderr });
    expect([imported, String(stdout.read())]).toEqual([0, expect.stringMatching(/^Added 20,000 accounts/)]);

    let [lines, looked] = [0, 0];
    const look = watch();
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        for (const byte of chunk) if (byte === 0x0a) lines++;
        for (; looked < lines; looked++) look(looked);
        done();
      },
    });
    const exported = { env: { ...env }, stdin: new PassThrough(), stdout: sink, stderr: new PassThrough() };
    expect([await runCli(['accounts', 'export'], {}, exported), lines]).toEqual([0, ACCOUNTS]);

    const [importing, exporting] = growth;
    expect(importing).toBeLessThan(MAX_GROWTH);
    expect(exporting).toBeLessThan(MAX_GROWTH);
  }, 180_000);
});
