import { readBoth } from './reports.js';

/** Where more tests failed than that, a message is only its first lines: what shows the end of a long output shows them all. */
const MANY = 5;
const FIRST_LINES = 6;

/**
 * Prints the failures in the reports of jest that are its arguments, then their sum, so that the end of a run's output
 * has all that matters.
 */
const outcomes = process.argv.slice(2).map(readBoth);
const sum = (count) => outcomes.reduce((total, outcome) => total + count(outcome), 0);
const failed = sum(({ failures }) => failures.length);
const shown = (message) => (failed > MANY ? message.split('\n').slice(0, FIRST_LINES).join('\n') : message);
const print = (word, { file, name, message }) =>
  process.stdout.write(`${word} ${[file, name].filter(Boolean).join(': ')}\n${shown(message)}\n\n`);
for (const { failures, flaky } of outcomes) {
  for (const failure of flaky) print('FLAKY, passed when run alone:', failure);
  for (const failure of failures) print('FAILED', failure);
}
process.stdout.write(`${sum(({ passed }) => passed)} passed, ${failed} failed\n`);
