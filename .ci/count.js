import { readBoth } from './reports.js';

/**
 * Prints the failures in the reports of jest that are its arguments, then their sum, so that the end of a run's output
 * has all that matters.
 */
const outcomes = process.argv.slice(2).map(readBoth);
const sum = (count) => outcomes.reduce((total, outcome) => total + count(outcome), 0);
const print = (word, { file, name, message }) =>
  process.stdout.write(`${word} ${[file, name].filter(Boolean).join(': ')}\n${message}\n\n`);
for (const { failures, flaky } of outcomes) {
  for (const failure of failures) print('FAILED', failure);
  for (const failure of flaky) print('FLAKY, passed when run alone:', failure);
}
process.stdout.write(`${sum(({ passed }) => passed)} passed, ${sum(({ failures }) => failures.length)} failed\n`);
