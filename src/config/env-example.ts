import { VARIABLES, type Variable } from './variables.js';

const WIDTH = 100;

/** The text of `.env.example`: every variable with its description and its default, all commented out. */
export function envExample(): string {
  const head = [
    'Copy to .env and change what you need; everything has a default outside production.',
    'What is set in the environment wins over .env. A secret may also be given as NAME_FILE, the path of a file.',
  ];
  const entries = Object.entries<Variable>(VARIABLES).map(([name, variable]) =>
    [...comment(describe(variable)), `#${name}=${variable.default ?? ''}`].join('\n'),
  );
  return `${[head.flatMap(comment).join('\n'), ...entries].join('\n\n')}\n`;
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
