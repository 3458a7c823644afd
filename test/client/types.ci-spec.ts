import { beforeAll, describe, expect, it } from '@jest/globals';
import { camelCase } from '../../src/cli/client/schema-types.js';
import { clientSource } from '../../src/cli/client/client-source.js';
import { ResourceRegistry } from '../../src/json-api/resource/registry.js';
import type { AnyResource } from '../../src/json-api/resource/resource.js';
import { products } from '../resources/products/products.extension.js';
import { startApp } from '../support/app.js';
import { slowness } from '../support/machine.js';
import { check, resourceProgram } from './type-program.js';

/** What TypeScript may take for 50 resources, in milliseconds of CPU time. */
const MAX_MILLISECONDS = 2_000;
const RESOURCES = 50;

describe('The types of the client', () => {
  let resources: AnyResource[];
  /** The client with a resource that has a column of each kind. */
  let source: string;

  beforeAll(async () => {
    const app = await startApp({ extension: products });
    const registry = app.nest.get(ResourceRegistry);
    resources = registry.types().flatMap((type) => registry.resource(type) ?? []);
    source = await clientSource(app.nest, './core.js');
    // TypeScript leaves it no time to run.
    await app.stop();
  });

  it('allow what the resource definitions allow, and nothing else', () => {
    const verbs = (path: string): ReadonlySet<string> => {
      const [, found = ''] =
        new RegExp(`\\n  ${camelCase(path)}: {\\n    type: '[^']+',\\n    verbs: (\\[.*\\]),`).exec(source) ?? [];
      return new Set(found.match(/\w+/g));
    };
    const listed = resources.filter(({ path }) => verbs(path).has('list'));
    const programs = Object.fromEntries(
      listed.map((resource) => [
        `of-${camelCase(resource.path)}.ts`,
        resourceProgram(resource, verbs(resource.path)).replace('./index.js', './team.js'),
      ]),
    );
    const lines = Object.values(programs).join('').split('\n').length;
    process.stdout.write(`${listed.length} resources: ${lines} lines that use their types\n`);
    expect(lines).toBeGreaterThan(500);
    expect(listed.map(({ type }) => type)).toContain('iam:products');
    expect(check({ 'team.ts': source, ...programs }).errors).toEqual([]);
  });

  it('infer results, which writing a list page needs no type by hand for', () => {
    const program = `
      import { createClient, type Account, type ErrorCode, type Page, type Rule } from './index.js';
      type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
      const same = <A, B>(_same: Same<A, B>): void => undefined;
      const iam = createClient({ url: '' });
      const page = await iam.accounts.list({
        filter: { name__match: 'zo', role_name__in: ['user'] },
        sort: ['-created_at'],
        include: ['organizations'],
        fields: { 'iam:accounts': ['name'] },
        count: true,
      });
      const [row] = page.data;
      same<typeof page.count, number>(true);
      same<Exclude<keyof NonNullable<typeof row>, '$meta'>, 'type' | 'id' | 'name' | 'organizations'>(true);
      same<NonNullable<typeof row>['organizations'][number]['created_at'], string>(true);
      const uncounted = await iam.accounts.list();
      same<typeof uncounted.count, undefined>(true);
      const next: typeof page | undefined = await page.next();
      const account: Account = await iam.accounts.get('id');
      const session = await iam.accountSessions.get('id', { include: ['account'] });
      same<NonNullable<typeof session.account>['email'], string>(true);
      for await (const one of iam.accounts.iterate({ fields: { 'iam:accounts': ['email'] } })) same<typeof one.email, string>(true);
      const me = await iam.auth.me();
      same<typeof me.role_rights, readonly string[]>(true);
      const code: ErrorCode = 'validation_failed';
      // @ts-expect-error
      const unknown: ErrorCode = 'no such code';
      const rule: Rule = 'too_short';
      const pages: Page<{ readonly name: string }, true> = page;
      export { account, code, next, pages, rule, unknown };
    `;
    expect(check({ 'list-page.ts': program }).errors).toEqual([]);
  });

  it('notice an error, so that the tests above could fail', () => {
    const program = `import { createClient } from './index.js';\ncreateClient({ url: '' }).accounts.list({ sort: 'nope' });\n`;
    expect(check({ 'wrong.ts': program }).errors).toEqual([
      expect.stringMatching(/^wrong\.ts:2: Type '"nope"' is not/),
    ]);
  });

  it(`are checked within ${MAX_MILLISECONDS} ms for ${RESOURCES} resources`, () => {
    const many = manyResources(source);
    const calls = Array.from(
      { length: RESOURCES },
      (_, at) => `
      for await (const row of iam.accounts${at}.iterate({ filter: { name__match: 'a', enabled: true }, sort: '-name', fields: { 'iam:accounts${at}': ['name'] } })) void row.name;
      void iam.accounts${at}.list({ include: ['organizations'], count: true }).then(({ data: [row], count }) => [row?.organizations[0]?.name, count]);
      void iam.accounts${at}.create({ email: 'a@example.com' }).then((row) => iam.accounts${at}.update(row, { name: row.email }));
      void iam.accounts${at}.get('id', { include: ['account_sessions'] }).then(({ account_sessions: [row] }) => row?.ip);
      // @ts-expect-error
      void iam.accounts${at}.list({ filter: { nope: 1 } });`,
    );
    const program = `import { createClient } from './many.js';\nconst iam = createClient({ url: '' });\n${calls.join('\n')}\nexport {};\n`;
    const turns = Array.from({ length: 3 }, () => check({ 'many.ts': many, 'calls.ts': program }));
    // Beside others on a shared machine, the same takes up to twice the CPU time.
    const milliseconds = Math.min(...turns.map((turn) => turn.milliseconds));
    process.stdout.write(`${RESOURCES} resources are checked in ${Math.round(milliseconds)} ms of CPU time\n`);
    expect(turns.flatMap(({ errors }) => errors)).toEqual([]);
    expect(milliseconds).toBeLessThan(MAX_MILLISECONDS * slowness());
  });
});

/** The client with as many resources as that, all of them like accounts. */
function manyResources(source: string): string {
  const entry = /  'iam:accounts': \{\n[^]*?\n  \};\n/.exec(source)?.[0] ?? '';
  const [declarations = ''] =
    /\/\*\* A resource of type `iam:accounts`[^]*?(?=\/\*\* A resource of type `iam:account_sessions`)/.exec(source) ??
    [];
  const [methods = ''] = /\/\*\* `iam\.accounts` \*\/[^]*?\n}\n/.exec(source) ?? [];
  const [table = ''] = /\n  accounts: \{\n[^]*?\n  \},\n/.exec(source) ?? [];
  const numbered = (text: string, at: number): string =>
    text
      .replace(
        /\bAccount(?=[A-Z]?[a-z]*\b)(Attributes|Create|Update|Filter)?\b/g,
        (_, kind = '') => `Account${at}${kind}`,
      )
      .replace(/AccountsMethods/g, `Accounts${at}Methods`)
      .replace(/'iam:accounts'/g, `'iam:accounts${at}'`)
      .replace(/\n  accounts: /g, `\n  accounts${at}: `)
      .replace(/readonly accounts: /g, `readonly accounts${at}: `);
  const times = (text: string): string => Array.from({ length: RESOURCES }, (_, at) => numbered(text, at)).join('\n');
  return source
    .replace(entry, entry + times(entry))
    .replace(declarations, declarations + times(declarations))
    .replace(methods, methods + times(methods))
    .replace('  readonly accounts: AccountsMethods;\n', (line) => line + times(line))
    .replace(table, table + times(table));
}
