import { pinLoadGenerator, startFloor, startService } from './contestant.js';
import { becomeFloor, type SeededDatabase } from './database.js';
import { MAILS, measureMails } from './mails/mails.js';
import { startSink } from './mails/sink.js';
import { gather } from './material.js';
import { measureHashing, measureRow, type RowResult, type Setup } from './measure.js';
import type { Options } from './options.js';
import type { SetupResults } from './report/results.js';
import { ROWS } from './rows.js';
import type { MachineSetup } from './setups.js';
import { measureStarts } from './start.js';

/** Names of what is measured beside the rows, for `--rows`. */
const HASHING = 'show while hashing';
const START = 'start to the first answer';

/**
 * Measures one set-up: on fresh copies of the seeded database, one for the service and one for the floor and its control,
 * and with fresh processes.
 */
export async function runSetup(
  machine: MachineSetup,
  seeded: SeededDatabase,
  { accounts, rounds, seconds, rows: wanted, ...options }: Options,
): Promise<SetupResults> {
  const isFirst = machine.name === 'first';
  const connections = options.connections ?? machine.connections;
  const load = { connections, seconds };
  const stops: (() => Promise<void>)[] = [];
  const stopsWith = <Started>(started: Started, stop: (started: Started) => Promise<void>): Started => {
    stops.unshift(() => stop(started));
    return started;
  };
  process.stdout.write(`\n${machine.title}\n`);
  seeded.server.bind(machine.database);
  pinLoadGenerator();
  try {
    const own = stopsWith(await seeded.copy('run'), (copy) => copy.close());
    const floors = stopsWith(await seeded.copy('floor'), (copy) => copy.close());
    await becomeFloor(floors.url);
    const start = isFirst && wanted.test(START) ? await measureStarts({ service: own.url, floor: floors.url }) : null;
    const sink = stopsWith(await startSink(), (one) => one.stop());
    const service = stopsWith(await startService(own.url, { mailUrl: sink.url }), (one) => one.stop());
    const idleMb = await service.memory();
    const floor = stopsWith(await startFloor(floors.url, { mailUrl: sink.url }), (one) => one.stop());
    const control = stopsWith(await startFloor(floors.url, { mailUrl: sink.url }), (one) => one.stop());
    const material = await gather({ databaseUrl: own.url, serviceUrl: service.url, accounts, connections });
    const setup: Setup = {
      contestants: { service, floor, control },
      material,
      rounds,
      load,
      databaseCpuMs: seeded.server.cpuMs,
    };
    const rows: RowResult[] = [];
    const report = (row: RowResult): void => {
      rows.push(row);
      process.stdout.write(`${lineOf(row)}\n`);
    };
    for (const row of ROWS.filter((one) => wanted.test(one.name) && machine.measures(one))) {
      report(await measureRow(row, setup));
    }
    if (isFirst && wanted.test(MAILS)) report(await measureMails(setup, own.url, sink));
    const hashing = isFirst && wanted.test(HASHING) ? await measureHashing(setup) : null;
    const memoryMb = { idle: idleMb, after: await service.memory(), floor: await floor.memory() };
    return { name: machine.name, connections, rows, memoryMb, ...(hashing && { hashing }), ...(start && { start }) };
  } finally {
    for (const stop of stops) await stop();
  }
}

const lineOf = ({ name, service, floor, ratio, noise }: RowResult): string =>
  `${name}: ${service.toFixed(1)}/s, floor ${floor.toFixed(1)}/s, ratio ${ratio.toFixed(2)}, noise ${(noise * 100).toFixed(0)} %`;
