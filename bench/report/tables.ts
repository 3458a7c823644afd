import type { RowResult } from '../measure.js';
import { SETUPS } from '../setups.js';
import type { Growth, GrowthResults, Results, SetupResults } from './results.js';

const perSecond = (value: number): string => (value < 100 ? value.toFixed(1) : value.toFixed(0));
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const titleOf = (name: string): string => SETUPS.find((setup) => setup.name === name)?.title ?? name;

/** The results as Markdown, which is what a terminal shows too. */
export function markdown(results: Results): string {
  return [
    ...results.setups.map((setup) => setupSection(setup)),
    ...results.leftOut.map(({ name, reason }) => `${titleOf(name)}: left out, because ${reason}.`),
    conditions(results),
  ].join('\n\n');
}

const HEAD = [
  'row',
  'service /s',
  'floor /s',
  'ratio',
  'lowest–highest',
  'noise',
  'p99 ms',
  'CPU µs',
  'floor µs',
  'CPU ratio',
];

function setupSection({ name, connections, rows, memoryMb, hashing, start }: SetupResults): string {
  const facts = [
    `Memory of the service after all rows: ${memoryMb.after.toFixed(0)} MB (${memoryMb.idle.toFixed(0)} MB after its start; ` +
      `the floor after all rows: ${memoryMb.floor.toFixed(0)} MB).`,
    ...(start
      ? [
          `Start to the first answer, the median of ${start.starts}: ${times(start.service)} ms, the floor ${times(start.floor)} ms.`,
        ]
      : []),
    ...(hashing
      ? [
          `p99 of \`show\` while sign-ins saturate the hashing: ${hashing.busyP99.toFixed(1)} ms; idle: ` +
            `${hashing.idleP99.toFixed(1)} ms; ratio ${hashing.ratio.toFixed(2)}.`,
        ]
      : []),
  ];
  const tables = rows.length === 0 ? [] : [table(HEAD, rows.map(lineOf))];
  return [`### ${titleOf(name)}, ${connections} connections`, ...tables, list(facts)].join('\n\n');
}

const lineOf = ({ name, service, floor, ratio, range, noise, p99, cpu }: RowResult): string[] => [
  name,
  perSecond(service),
  perSecond(floor),
  ratio.toFixed(2),
  range.map((value) => value.toFixed(2)).join('–'),
  percent(noise),
  p99 === null ? '–' : p99.toFixed(1),
  ...(cpu ? [cpu.service.toFixed(0), cpu.floor.toFixed(0), (cpu.floor / cpu.service).toFixed(2)] : ['–', '–', '–']),
];

const times = ({ median, lowest, highest }: { median: number; lowest: number; highest: number }): string =>
  `${median.toFixed(0)} (${lowest.toFixed(0)}–${highest.toFixed(0)})`;

const conditions = ({ accounts, rounds, seconds, machine, measuredAt }: Results): string =>
  `${accounts} accounts, ${rounds} rounds of ${seconds} s; ${machine.server}, Node ${machine.node}, ${machine.cores} cores ` +
  `of ${machine.cpu}${machine.pinned ? '' : ', not pinned'}, on ${measuredAt.slice(0, 10)}.`;

/** Growth with the table as Markdown. */
export function growthMarkdown({ pages, rows, small, accounts, machine, measuredAt }: GrowthResults): string {
  const over = rows.filter(({ ratio }) => ratio > 2).length;
  const line = ({ read, small: before, large, ratio }: Growth): string[] => [
    read,
    before.toFixed(2),
    large.toFixed(2),
    ratio.toFixed(2),
  ];
  const others =
    rows.length === 0 ? '' : ` Of ${rows.length} documented filters and sorts, ${over} take more than twice the time.`;
  return (
    `${table(['page of 50', `ms at ${small}`, `ms at ${accounts}`, 'ratio'], pages.map(line))}\n\n` +
    `One request at a time; ${machine.server}, Node ${machine.node}, on ${measuredAt.slice(0, 10)}.${others}`
  );
}

const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');

/** A table in Markdown; the first column is aligned to the left. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]?.length ?? 0)));
  const cell = (text: string, i: number): string =>
    i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0);
  const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [row(head), rule, ...lines.map(row)].join('\n');
}
