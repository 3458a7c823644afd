import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Lines of a failure's message that are shown: the comparison and the first frames. */
const MESSAGE_LINES = 25;

const shortened = (message) => message.split('\n').slice(0, MESSAGE_LINES).join('\n');

/**
 * A report of jest: how many tests passed, and which, and which failed, each with its file, its name (none where the file
 * could not be loaded) and why. A report that is not there counts as one failure: its run never came to the tests.
 */
export function readReport(path) {
  if (!existsSync(path)) return { passed: 0, successes: [], failures: [{ file: path, message: 'No tests were run' }] };
  const { numPassedTests, testResults } = JSON.parse(readFileSync(path, 'utf8'));
  const failures = testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative('.', name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0 && status === 'failed') return [{ file, message: shortened(message) }];
    return failed.map((test) => ({
      file,
      name: test.fullName,
      message: shortened(test.failureMessages.join('\n')),
    }));
  });
  const successes = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter((test) => test.status === 'passed')
      .map((test) => ({ file: relative('.', name), name: test.fullName })),
  );
  return { passed: numPassedTests, successes, failures };
}

/** The report of the tests that were run once more. */
export const againPath = (path) => path.replace(/\.json$/, '.again.json');

/** A report together with that of a second run of what failed: what passed then is flaky. */
export function readBoth(path) {
  const { passed, failures } = readReport(path);
  if (!existsSync(againPath(path))) return { passed, failures, flaky: [] };
  const again = readReport(againPath(path));
  const [first, healed] = [new Set(failures.map(keyOf)), new Set(again.successes.map(keyOf))];
  const flaky = failures.filter((failure) => healed.has(keyOf(failure)));
  return {
    passed: passed + flaky.length,
    failures: [
      ...failures.filter((failure) => !healed.has(keyOf(failure))),
      ...again.failures.filter((failure) => !first.has(keyOf(failure))),
    ],
    flaky,
  };
}

const keyOf = ({ file, name }) => `${file}: ${name}`;
