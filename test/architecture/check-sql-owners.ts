import { fileURLToPath } from 'node:url';
import { findSqlFaults, readSources } from './sql-owners.js';

/** A part of `npm run rules`: prints the file, line and table of SQL that stands where it should not. */
const faults = findSqlFaults(readSources(fileURLToPath(new URL('../../src', import.meta.url))));
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
