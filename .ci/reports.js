import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Lines of a failure's message that are shown: the comparison and the first frames. */
const MESSAGE_LINES = 25;

const shortened = (message) => message.split('\n').slice(0, MESSAGE_LINES).join('\n');

/**
 * A report of jest: how many tests passed, and which failed, each with its file, its name (none where the file could not
 * be loaded) and why. A report that is not there counts as one failure: its run never came to the tests.
 */
export function readReport(path) {
  if (!existsSync(path)) return { passed: 0, failures: [{ file: path, message: 'No tests were run' }] };
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
  return { passed: numPassedTests, failures };
}

/** The report of the tests that were run once more. */
export const againPath = (path) => path.replace(/\.json$/, '.again.json');

/** A report together with that of a second run of what failed: what passed then is unsteady. */
export function readBoth(path) {
  const { passed, failures } = readReport(path);
  if (!existsSync(againPath(path))) return { passed, failures, unsteady: [] };
  const keyOf = ({ file, name }) => `${file}: ${name}`;
  const again = readReport(againPath(path)).failures;
  const stillFailing = new Set(again.map(keyOf));
  const broken = again.some(({ name }) => name === undefined);
  const unsteady = failures.filter((failure) => !broken && !stillFailing.has(keyOf(failure)));
  const first = new Set(failures.map(keyOf));
  const left = failures.filter((failure) => !unsteady.includes(failure));
  return {
    passed: passed + unsteady.length,
    failures: [...left, ...again.filter((failure) => !first.has(keyOf(failure)))],
    unsteady,
  };
}
