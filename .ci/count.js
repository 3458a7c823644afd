import { existsSync, readFileSync } from 'node:fs';

/** Lines of a failure's message that are shown: the comparison and the first frames. */
const MESSAGE_LINES = 25;

const shortened = (message) => message.split('\n').slice(0, MESSAGE_LINES).join('\n');

/**
 * Sums up the reports of jest that are named as arguments, after all that failed, so that whoever sees no more than the
 * end of a run knows what to look at. A report that is missing counts as one failure: its run never came to the tests.
 * So does each test file that could not be loaded.
 */
const outcomes = process.argv.slice(2).map((file) => {
  if (!existsSync(file)) return { passed: 0, failures: [`No tests were run that would have written ${file}`] };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const failures = report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0 && status === 'failed') return [`${name}\n${shortened(message)}`];
    return failed.map((test) => `${name}: ${test.fullName}\n${shortened(test.failureMessages.join('\n'))}`);
  });
  return { passed: report.numPassedTests, failures };
});

const failures = outcomes.flatMap((outcome) => outcome.failures);
for (const failure of failures) process.stdout.write(`FAILED ${failure}\n\n`);
const passed = outcomes.reduce((total, outcome) => total + outcome.passed, 0);
process.stdout.write(`${passed} passed, ${failures.length} failed\n`);
