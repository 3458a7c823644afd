import { fileURLToPath } from 'node:url';
import { findSqlErrors, readSources } from './sql-owners.js';

/** A part of `npm run rules`: prints the file, line and table of SQL that stands where it should not. */
const errors = findSqlErrors(readSources(fileURLToPath(new URL('../../src', import.meta.url))));
for (const error of errors) process.stderr.write(`${error}\n`);
process.exitCode = errors.length === 0 ? 0 : 1;
