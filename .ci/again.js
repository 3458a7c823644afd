import { readReport } from './reports.js';

/** Failures in more files than that are no matter of the machine. In one file, what fails may make the rest fail. */
const MAX_FILES = 3;

/**
 * Names the test files of a report that are worth a second run, one a line: a few that failed among the others. Fails when
 * there are more, or when a file could not be loaded.
 */
const { failures } = readReport(process.argv[2]);
const files = new Set(failures.map(({ file }) => file));
if (files.size > MAX_FILES || failures.some(({ name }) => name === undefined)) process.exit(1);
process.stdout.write([...files].map((file) => `${file}\n`).join(''));
