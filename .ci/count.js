import { existsSync, readFileSync } from 'node:fs';

/**
 * Sums up the reports of jest that are named as arguments. A report that is missing counts as one failure: its run
 * never came to the tests. So does each test file that could not be loaded.
 */
const counts = process.argv.slice(2).map((file) => {
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(file, 'utf8'));
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
});
const sum = (key) => counts.reduce((total, count) => total + count[key], 0);
process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`);
