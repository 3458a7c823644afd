import { readFile, writeFile } from 'node:fs/promises';
import { MAILS, MAILS_MEANING } from '../mails/mails.js';
import { ROWS } from '../rows.js';
import { latest, latestGrowth } from './results.js';
import { growthMarkdown, markdown } from './tables.js';

const DOCS = 'docs/performance.md';

/** Puts the rows' meanings and the tables of the latest results into the documentation. */
export async function writeDocs(): Promise<void> {
  const [results, growth] = [await latest(), await latestGrowth()];
  if (!results && !growth) throw new Error('There are no results yet: npm run bench, npm run bench -- growth');
  let page = fill(await readFile(DOCS, 'utf8'), 'rows', meanings());
  if (results) page = fill(page, 'bench', markdown(results));
  if (growth) page = fill(page, 'growth', growthMarkdown(growth));
  await writeFile(DOCS, page);
}

/** Replaces what stands between two marks. @throws Error when there are no such marks */
function fill(page: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [before, after] = [page.indexOf(start), page.indexOf(end)];
  if (before < 0 || after < before) throw new Error(`${DOCS} has no place for ${name}`);
  return `${page.slice(0, before)}${start}\n\n${text}\n\n${page.slice(after)}`;
}

/** What each row asks, as a list in Markdown. */
const meanings = (): string =>
  [...ROWS, { name: MAILS, meaning: MAILS_MEANING }]
    .map(({ name, meaning }) => `- **${name}**: ${meaning}.`)
    .join('\n');
