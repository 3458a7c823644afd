import 'reflect-metadata';
import { compare } from './compare.js';
import { pinLoadGenerator, startFloor, startService } from './contestant.js';
import { openBenchDatabase } from './database.js';
import { measureGrowth } from './growth.js';
import { gather } from './material.js';
import { measureHashing, measureRow, type RowResult, type Setup } from './measure.js';
import { profileRows } from './profile.js';
import { readOptions, type Options } from './options.js';
import { describeMachine, markdown, save, writeDocs } from './report.js';
import { ROWS } from './rows.js';

/** Of the extra measurement, for `--rows`. */
const HASHING = 'show while hashing';

/** Compares the built service with the floor; see docs/performance.md. */
async function run({ accounts, rounds, seconds, connections, rows, profile }: Options): Promise<void> {
  const database = await openBenchDatabase(accounts);
  const stops: (() => Promise<void>)[] = [database.close];
  const wanted = ROWS.filter(({ name }) => rows.test(name));
  try {
    const pinned = pinLoadGenerator();
    if (profile) {
      await profileRows(wanted, { databaseUrl: database.url, accounts, load: { connections, seconds } });
      return;
    }
    const service = await startService(database.url);
    stops.unshift(service.stop);
    const floor = await startFloor(database.url);
    stops.unshift(floor.stop);
    const material = await gather({ databaseUrl: database.url, serviceUrl: service.url, accounts, connections });
    const setup: Setup = { contestants: { service, floor }, material, rounds, load: { connections, seconds } };
    const results: RowResult[] = [];
    for (const row of wanted) {
      const result = await measureRow(row, setup);
      process.stdout.write(
        `${result.name}: ${result.service.toFixed(1)}/s, floor ${result.floor.toFixed(1)}/s, ratio ${result.ratio.toFixed(2)}\n`,
      );
      results.push(result);
    }
    const showWhileHashing = rows.test(HASHING) ? await measureHashing(setup) : undefined;
    const report = {
      machine: describeMachine(database.server, pinned),
      measuredAt: new Date().toISOString(),
      accounts,
      rounds,
      seconds,
      connections,
      rows: results,
      ...(showWhileHashing && { showWhileHashing }),
      memoryMb: await service.memory(),
    };
    await save(report);
    process.stdout.write(`\n${markdown(report)}\n`);
  } finally {
    for (const stop of stops) await stop();
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.command === 'docs') await writeDocs();
  else if (options.command === 'growth') await measureGrowth(options.accounts);
  else if (options.command === 'compare') await compare(options);
  else await run(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
