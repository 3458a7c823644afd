#!/usr/bin/env node
import { runCli } from './cli/run.js';

const exitCode = await runCli(process.argv.slice(2));
// The exit code alone, so that what was written still gets out; unless that failed already.
process.exitCode = exitCode || process.exitCode;
