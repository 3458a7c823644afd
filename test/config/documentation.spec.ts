import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { VARIABLES, type Variable } from '../../src/config/variables.js';

const PAGE = readFileSync('docs/operating.md', 'utf8');

/** A variable as the page has to show it: name, meaning, default, default in production, whether it is a secret. */
function row([name, variable]: [string, Variable]): string[] {
  const { description, default: usual, productionDefault, requiredInProduction, secret } = variable;
  const code = (text: string | null): string => (!text ? 'none' : `\`${text}\``);
  const production = requiredInProduction
    ? 'required'
    : code(productionDefault === undefined ? usual : productionDefault);
  return [`\`${name}\``, description, code(usual), production, secret ? 'yes' : ''];
}

/** The rows of the page's tables, by their cells. */
const rows = PAGE.split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

describe('docs/operating.md', () => {
  it('describes every variable as the table of the code does', () => {
    const names = new Set(Object.keys(VARIABLES).map((name) => `\`${name}\``));
    expect(rows.filter(([name = '']) => names.has(name))).toEqual(Object.entries<Variable>(VARIABLES).map(row));
  });
});
