#!/usr/bin/env node
import { runCli } from './cli/run.js';

const exitCode = await runCli(process.argv.slice(2));
// Sets only the exit code, so that pending output is still written.
process.exitCode = exitCode || process.exitCode;
