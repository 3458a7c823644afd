// Before TypeORM is loaded.
import './database/driver/typeorm-drivers.js';
import { endOnSignals } from './app.process.js';

const args = process.argv.slice(2);
// Before anything that takes time: until then, a signal to process 1 would be lost.
if (args[0] === 'start') endOnSignals();
const { runCli } = await import('./cli/run.js');

const exitCode = await runCli(args);
// Sets only the exit code, so that pending output is still written.
process.exitCode = exitCode || process.exitCode;
