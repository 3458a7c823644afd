#!/usr/bin/env node
import { runCli } from './cli/run.js';

// The exit code alone, so that what was written still gets out.
process.exitCode = await runCli(process.argv.slice(2));
