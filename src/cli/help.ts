import type { Command, Flag, Option } from './command.js';
import { table } from './table.js';

/** How the commands are called from the project's folder. */
export const PROGRAM = 'npx iam';

const INDENT = '  ';

/** The list of commands. */
export function programHelp(commands: ReadonlyMap<string, Command>): string {
  const rows = [...commands].map(([name, { summary }]): Row => [name, summary]);
  return `Usage: ${PROGRAM} <command> [options]

${table(rows, INDENT)}

\`${PROGRAM} <command> --help\` explains a command. Its settings come from the environment and .env, as the service's do.
\`${PROGRAM} --version\` tells the version.
`;
}

/** One command with its options. */
export function commandHelp(name: string, { summary, details, options, operands }: Command): string {
  const rows = Object.entries(options).map(([option, rule]): Row => [usageOf(option, rule), describe(rule)]);
  const named = operands ? [[operands.placeholder, operands.description] as const] : [];
  return `Usage: ${PROGRAM} ${name} ${operands ? `[${operands.placeholder}…] ` : ''}[options]

${summary}.
${details}

${table([...named, ...rows, ['--help', 'Show this text']], INDENT)}
`;
}

type Row = readonly [left: string, right: string];

const usageOf = (name: string, option: Option | Flag): string =>
  option.schema ? `--${name} ${option.placeholder}` : `--${name}`;

const describe = (option: Option | Flag): string =>
  option.schema && option.default !== null ? `${option.description} (default ${option.default})` : option.description;
