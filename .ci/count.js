import { readBoth } from './reports.js';

/**
 * Sums up the reports of jest that are named as arguments, after all that failed, so that whoever sees no more than the
 * end of a run knows what to look at.
 */
const outcomes = process.argv.slice(2).map(readBoth);
const sum = (count) => outcomes.reduce((total, outcome) => total + count(outcome), 0);
const tell = (word, { file, name, message }) =>
  process.stdout.write(`${word} ${[file, name].filter(Boolean).join(': ')}\n${message}\n\n`);
for (const { failures, unsteady } of outcomes) {
  for (const failure of failures) tell('FAILED', failure);
  for (const failure of unsteady) tell('UNSTEADY, passed when run alone:', failure);
}
process.stdout.write(`${sum(({ passed }) => passed)} passed, ${sum(({ failures }) => failures.length)} failed\n`);
