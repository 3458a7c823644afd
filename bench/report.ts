import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { HashingResult, RowResult } from './measure.js';
import { ROWS } from './rows.js';

/** A run's results, as they stand in `bench/results/latest.json`. */
export interface Results {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGb: number;
    readonly node: string;
    readonly server: string;
    /** Whether what is measured and what measures had a core each. */
    readonly pinned: boolean;
  };
  readonly measuredAt: string;
  readonly accounts: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  /** Requests a second; `p99` in milliseconds. */
  readonly rows: readonly RowResult[];
  /** Absent when the run left it out. */
  readonly showWhileHashing?: HashingResult;
  /** Resident memory of the service after all the rows, in MB. */
  readonly memoryMb: number;
}

const LATEST = 'bench/results/latest.json';
const DOCS = 'docs/performance.md';

export const describeMachine = (server: string, pinned: boolean): Results['machine'] => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
  server,
  pinned,
});

/** Writes the results down. */
export async function save(results: Results): Promise<void> {
  const round = (_key: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(4)) : value;
  await mkdir(dirname(LATEST), { recursive: true });
  await writeFile(LATEST, `${JSON.stringify(results, round, 2)}\n`);
}

/** Puts the rows' meanings and the table of the latest results into the documentation. */
export async function writeDocs(): Promise<void> {
  const results: Results = JSON.parse(await readFile(LATEST, 'utf8'));
  const page = fill(await readFile(DOCS, 'utf8'), 'rows', meanings());
  await writeFile(DOCS, fill(page, 'bench', markdown(results)));
}

/** Replaces what stands between two marks. @throws Error when there are no such marks */
function fill(page: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [before, after] = [page.indexOf(start), page.indexOf(end)];
  if (before < 0 || after < before) throw new Error(`${DOCS} has no place for ${name}`);
  return `${page.slice(0, before)}${start}\n\n${text}\n\n${page.slice(after)}`;
}

/** The results as a table in Markdown, which is what a terminal shows too. */
export function markdown(results: Results): string {
  const { machine, rows, showWhileHashing: hashing, accounts, rounds, seconds, connections, memoryMb } = results;
  const lines = rows.map(({ name, service, floor, ratio, p99 }) => [
    name,
    perSecond(service),
    perSecond(floor),
    ratio.toFixed(2),
    p99.toFixed(1),
  ]);
  const facts = [
    `${accounts} accounts, ${rounds} rounds of ${seconds} s, ${connections} connections; ${machine.server}, Node ${machine.node},`,
    `${machine.cores} cores of ${machine.cpu}${machine.pinned ? '' : ', not pinned'}, on ${results.measuredAt.slice(0, 10)}.`,
    `Memory of the service after all rows: ${memoryMb.toFixed(0)} MB.`,
    ...(hashing
      ? [
          `p99 of \`show\` while sign-ins saturate the hashing: ${hashing.busyP99.toFixed(1)} ms,`,
          `idle: ${hashing.idleP99.toFixed(1)} ms, ratio ${hashing.ratio.toFixed(2)}.`,
        ]
      : []),
  ];
  return `${table(['row', 'service /s', 'floor /s', 'ratio', 'p99 ms'], lines)}\n\n${facts.join('\n')}`;
}

/** What each row asks, as a list in Markdown. */
const meanings = (): string => ROWS.map(({ name, meaning }) => `- **${name}**: ${meaning}.`).join('\n');

const perSecond = (value: number): string => (value < 100 ? value.toFixed(1) : value.toFixed(0));

/** A table in Markdown; the first column is aligned to the left. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]?.length ?? 0)));
  const cell = (text: string, i: number): string =>
    i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0);
  const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [row(head), rule, ...lines.map(row)].join('\n');
}
