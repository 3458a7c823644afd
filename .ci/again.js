import { readReport } from './reports.js';

/** More failures than that are no matter of the machine. */
const MOST = 3;

/**
 * Names the test files of a report that are worth a second run, one a line: those of a few tests that failed among the
 * others. Fails when there are more, or when a file could not be loaded.
 */
const { failures } = readReport(process.argv[2]);
if (failures.length > MOST || failures.some(({ name }) => name === undefined)) process.exit(1);
process.stdout.write([...new Set(failures.map(({ file }) => `${file}\n`))].join(''));
