import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/**
 * Runs once before all tests: starts the process that holds their server, and passes its address to the workers. In
 * JavaScript, since jest loads this file by itself.
 */
export default async function setUp() {
  const child = fork(join(import.meta.dirname, 'test-server.ts'), {
    // Not in the terminal's process group: Ctrl-C ends jest, and the server then cleans up after it.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  // Jest requires this file, and what is required does not come by the loader that knows TypeScript.
  const { compilePrograms } = await import('./programs.js');
  const compiled = compilePrograms();
  const [message] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [null])]);
  if (message === null) throw new Error('The database of the tests could not be started; see the lines above.');
  await compiled;
  process.env['IAM_TEST_SERVER_URL'] = message.url;
  process.env['IAM_TEST_TEMPLATE'] = message.template;
  process.env['IAM_TEST_POOLER_URL'] = message.poolerUrl;
  child.unref();
  child.channel?.unref();
  globalThis.iamTestServer = child;
}
