import 'reflect-metadata';
import { compare } from './compare.js';
import { pinLoadGenerator } from './contestant.js';
import { openBenchDatabase, openSeeded } from './database.js';
import { measureGrowth } from './growth/growth.js';
import { readOptions, type Options } from './options.js';
import { profileRows } from './profile/profile.js';
import { writeDocs } from './report/docs.js';
import { describeMachine, save, type LeftOut, type SetupResults } from './report/results.js';
import { markdown } from './report/tables.js';
import { runSetup } from './run-setup.js';
import { SETUPS } from './setups.js';

/** Compares the built service with the floor; see docs/performance.md. */
async function run(options: Options): Promise<void> {
  const { accounts, rounds, seconds } = options;
  const seeded = await openSeeded(accounts);
  try {
    const setups: SetupResults[] = [];
    const leftOut: LeftOut[] = [];
    for (const setup of SETUPS.filter(({ name }) => options.setups.includes(name))) {
      const reason = setup.bindsDatabase ? seeded.server.whyNotBound : null;
      if (reason === null) setups.push(await runSetup(setup, seeded, options));
      else leftOut.push({ name: setup.name, reason });
    }
    const machine = describeMachine(seeded.version);
    const results = { machine, measuredAt: new Date().toISOString(), accounts, rounds, seconds, setups, leftOut };
    process.stdout.write(`\n${markdown(results)}\n`);
    // A table for the documentation has all rows of one run.
    if (options.isComplete) await save(results);
  } finally {
    await seeded.close();
  }
}

async function profile({ accounts, seconds, connections, rows }: Options): Promise<void> {
  const database = await openBenchDatabase(accounts);
  try {
    pinLoadGenerator();
    const load = { connections: connections ?? SETUPS[0]?.connections ?? 1, seconds };
    await profileRows({ databaseUrl: database.url, accounts, load, wanted: rows });
  } finally {
    await database.close();
  }
}

const COMMANDS = {
  docs: writeDocs,
  growth: measureGrowth,
  compare,
} as const;

// So that what was started is ended too.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

try {
  const options = readOptions(process.argv.slice(2));
  if (options.command !== null) await COMMANDS[options.command](options);
  else await (options.profile ? profile : run)(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
