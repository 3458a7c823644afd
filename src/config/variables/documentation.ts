import { defaultText, type Variable, type VariableTable } from './variable.js';

/** Longest line of `.env.example`, in characters. */
const WIDTH = 100;
const COLUMNS = ['variable', 'meaning', 'default', 'in production', 'secret'];
/** The lines between which a document has the table. */
const BEGIN = '<!-- variables: written by `npm run docs:variables` -->';
const END = '<!-- end of the variables -->';

/** The text of `.env.example`: every variable with its description and its default, all commented out. */
export function envExample(variables: VariableTable): string {
  const head = [
    'Copy to .env and change what you need; everything has a default outside production.',
    'What is set in the environment wins over .env. A secret may also be given as NAME_FILE, the path of a file.',
  ];
  const entries = Object.entries(variables).map(([name, variable]) =>
    [...comment(describe(variable)), `#${name}=${variable.default ?? ''}`].join('\n'),
  );
  return `${[head.flatMap(comment).join('\n'), ...entries].join('\n\n')}\n`;
}

/**
 * A Markdown document with the table of the variables between its marks.
 * @throws Error for a document without the marks
 */
export function withVariableTable(document: string, variables: VariableTable): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`The document has no lines ${BEGIN} and ${END}.`);
  return `${document.slice(0, begin)}${BEGIN}\n\n${variableTable(variables)}\n\n${document.slice(end)}`;
}

function variableTable(variables: VariableTable): string {
  const code = (text: string | null): string => (text ? `\`${text}\`` : 'none');
  const rows = Object.entries(variables).map(([name, variable]) => [
    `\`${name}\``,
    variable.description.replaceAll('|', '\\|'),
    code(variable.default),
    variable.requiredInProduction ? 'required' : code(defaultText(variable, true)),
    variable.secret ? 'yes' : '',
  ]);
  // Padded as Prettier pads it.
  const widths = COLUMNS.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const lineOf = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [COLUMNS, widths.map((width) => '-'.repeat(width)), ...rows].map(lineOf).join('\n');
}

function describe({ description, requiredInProduction, productionDefault, secret }: Variable): string {
  return [
    description,
    requiredInProduction ? 'Required in production.' : null,
    productionDefault ? `Default in production: ${productionDefault}.` : null,
    secret ? 'A secret.' : null,
  ]
    .filter((part) => part !== null)
    .join(' ');
}

/** Breaks a sentence into comment lines. */
function comment(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines;
}
