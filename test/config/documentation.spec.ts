import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { VARIABLES } from '../../src/config/variables.js';
import { envExample, withVariableTable } from '../../src/config/variables/documentation.js';
import { line } from '../../src/config/variables/schemas.js';

const HINT = 'Run `npm run docs:variables`.';

describe('The documentation of the variables', () => {
  it('is current in .env.example', () => {
    expect([HINT, readFileSync('.env.example', 'utf8')]).toEqual([HINT, envExample(VARIABLES)]);
  });

  it('is current in docs/operating.md', () => {
    const page = readFileSync('docs/operating.md', 'utf8');
    expect([HINT, page]).toEqual([HINT, withVariableTable(page, VARIABLES)]);
  });

  it('says of each variable what it does, its default, what production needs, and whether it is a secret', () => {
    const table = {
      SHOP_URL: { schema: line, default: null, description: 'Where it is.', requiredInProduction: true, secret: true },
      SHOP_NAME: { schema: line, default: 'Shop', productionDefault: 'Store', description: 'Left | right.' },
    } as const;
    expect(envExample(table).split('\n\n').slice(1)).toEqual([
      '# Where it is. Required in production. A secret.\n#SHOP_URL=',
      '# Left | right. Default in production: Store.\n#SHOP_NAME=Shop\n',
    ]);
    const [begin, end] = ['<!-- variables: written by `npm run docs:variables` -->', '<!-- end of the variables -->'];
    expect(withVariableTable(`# Shop\n\n${begin}\nold\n${end}\nMore.\n`, table)).toBe(`# Shop

${begin}

| variable    | meaning        | default | in production | secret |
| ----------- | -------------- | ------- | ------------- | ------ |
| \`SHOP_URL\`  | Where it is.   | none    | required      | yes    |
| \`SHOP_NAME\` | Left \\| right. | \`Shop\`  | \`Store\`       |        |

${end}
More.
`);
  });

  it('is not written into a page that has no place for it', () => {
    expect(() => withVariableTable('# Shop\n', VARIABLES)).toThrow('The document has no lines <!-- variables');
  });
});
