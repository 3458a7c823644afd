import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedServer } from '../../embedded-postgres/embedded-server.js';
import { dropTestDatabases } from './test-databases.repository.js';

/*
 * A program: `keeper <folder> <server>`. It uses the server of the tests for as long as a test process does, and a few
 * seconds longer, in which the next test file comes. PostgreSQL counts the processes, so that one that was killed is
 * none of them. In the end it drops the databases of killed processes and stops the server.
 */

/** Time between two looks, in milliseconds. */
const POLL_MS = 1_000;
/** Time without a test process after which the server ends, in milliseconds. */
const IDLE_MS = 5_000;

// The connections to the server do not keep the process alive.
setInterval(() => undefined, IDLE_MS);
const [base = '', name = ''] = process.argv.slice(2);
const server = await EmbeddedServer.start(join(base, name), { durable: false });
try {
  await idleFor(IDLE_MS);
  await dropTestDatabases(server.url);
} catch {
  // The server has crashed for good: the next test process discards it.
}
await server.stop();
process.exit(0);

/** Resolves when no other process has used the server for so many milliseconds. */
async function idleFor(milliseconds: number): Promise<void> {
  for (let since = Date.now(); ; await sleep(POLL_MS)) {
    if ((await server.users()) > 1) since = Date.now();
    else if (Date.now() - since >= milliseconds) return;
  }
}
