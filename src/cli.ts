import { createRequire } from 'node:module';
// Before TypeORM is loaded.
import './database/typeorm-drivers.js';
import { endOnSignals } from './app.process.js';

const args = process.argv.slice(2);
// Before anything that takes time: until then, a signal to process 1 would be lost.
if (args[0] === 'start') endOnSignals();
const { runCli } = await load();

const exitCode = await runCli(args);
// Sets only the exit code, so that pending output is still written.
process.exitCode = exitCode || process.exitCode;

/**
 * With Node 20 by `require()`, a fifth of the CPU time of a start less: its `import()` reads each file through the thread
 * pool, with a dozen promises. Later versions are as fast with `import()` (docs/decisions/0057).
 */
async function load(): Promise<typeof import('./cli/run.js')> {
  const required = process.versions.node.startsWith('20.') && process.features.require_module;
  return required ? createRequire(import.meta.url)('./cli/run.js') : import('./cli/run.js');
}
