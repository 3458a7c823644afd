import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { findSqlErrors, ownersOf, readSources } from './sql-owners.js';

const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));
const OWNERS = { accounts: ['accounts'], jobs: ['jobs'], 'graphile_worker.*': ['outbox'] };
const errorsFor = (file: string, source: string): string[] => findSqlErrors(new Map([[file, source]]), [], OWNERS);

describe('SQL', () => {
  it('stands in repositories, and names the tables of their folder', () => {
    expect(findSqlErrors(readSources(SOURCES))).toEqual([]);
  }, 60_000);

  it.each([
    ['a template with the tag', 'const which = sql`email_key = ${key}`;'],
    ['a string', `void source.query('SELECT 1');`],
    ['a template without a tag', 'void pool.query(`DELETE FROM ${TABLE} WHERE key = $1`);'],
    ['a statement that writes', `const text = "UPDATE attempts SET points = 0";`],
    ['a statement in lower case', `void source.query('select 1');`],
    ['an object with its text', `void source.query({ text: 'call refresh()', values: [] });`],
    ['a sum of strings', `const text = 'DELETE ' + 'FROM jobs';`],
    ['maintenance', `void source.query('ANALYZE jobs');`],
    ['the name of a relation', `const condition = "oid = 'jobs'::regclass";`],
    ['a repository of TypeORM', 'void source.getRepository(Job).find();'],
    ['a query builder of TypeORM', `void source.createQueryBuilder().from('jobs', 'job');`],
    ['an injected repository of TypeORM', 'class Jobs { constructor(@InjectRepository(Job) jobs: unknown) {} }'],
  ])('is found outside of them as %s', (_, statement) => {
    const expected = 'src/auth/throttle.ts:2: SQL belongs in a *.repository.ts';
    expect(errorsFor('auth/throttle.ts', `// A comment\n${statement}`)).toContain(expected);
  });

  it.each([
    ['an error', `throw new Error('Select a role and update the accounts');`],
    ['a path', `const path = '/accounts/organizations';`],
    ['a comment', '// SELECT id FROM accounts'],
  ])('is not confused with %s', (_, source) => {
    expect(errorsFor('auth/throttle.ts', source)).toEqual([]);
  });

  it.each([
    ['FROM', 'sql`SELECT email FROM accounts WHERE id = ${id}`'],
    ['JOIN', 'sql`SELECT 1 FROM jobs job JOIN accounts account ON account.id = job.created_by`'],
    ['a list', 'sql`SELECT 1 FROM jobs job, accounts account WHERE account.id = job.created_by`'],
    ['INSERT', 'sql`INSERT INTO accounts (id) VALUES (${id})`'],
    ['UPDATE', 'sql`UPDATE "accounts" SET enabled = false`'],
    ['a list without aliases', 'sql`SELECT 1 FROM jobs, accounts`'],
    ['a schema', 'sql`SELECT 1 FROM public.accounts`'],
    ['a name in lower-case SQL', `source.query('select 1 from accounts')`],
    ['an identifier', "sql`SELECT 1 FROM ${ident('accounts')}`"],
    ['a constant', "source.query(`SELECT 1 FROM ${TABLE}`); const TABLE = 'accounts'"],
    ['the name of a relation', `source.query("SELECT 'accounts'::regclass")`],
    ['maintenance', `source.query('ANALYZE jobs, accounts')`],
    ['a sweep', `({ table: 'accounts', key: 'id' })`],
  ])('names the table of another folder by %s', (_, expression) => {
    expect(errorsFor('jobs/jobs.repository.ts', `void ${expression};`)).toEqual([
      'src/jobs/jobs.repository.ts:1: the table accounts belongs to src/accounts',
    ]);
  });

  it('names no table of a feature in the folder of the database', () => {
    expect(errorsFor('database/pool.metrics.ts', `void source.query("SELECT 'accounts'::regclass");`)).toEqual([
      'src/database/pool.metrics.ts:1: the table accounts belongs to src/accounts',
    ]);
  });

  it('may name a table in the folder of its entity', () => {
    const sources = new Map([
      ['accounts/admins/admin.entity.ts', "@Entity('admins')\nexport class Admin {}"],
      ['jobs/job.entity.ts', "@Entity({ name: 'jobs' })\nexport class Job {}"],
    ]);
    expect(ownersOf(sources)).toMatchObject({ admins: ['accounts'], jobs: ['jobs'] });
  });

  it('names the tables of graphile-worker in the outbox alone', () => {
    const source = 'void sql`SELECT attempts FROM graphile_worker.jobs`;';
    expect(errorsFor('outbox/outbox.repository.ts', source)).toEqual([]);
    expect(errorsFor('jobs/jobs.repository.ts', source)).toEqual([
      'src/jobs/jobs.repository.ts:1: the table graphile_worker.* belongs to src/outbox',
    ]);
  });

  it('has no exception that nothing needs', () => {
    const exceptions = [{ file: 'jobs/jobs.service.ts', reason: 'to move' }];
    expect(findSqlErrors(new Map([['jobs/jobs.service.ts', 'export {};']]), exceptions)).toEqual([
      'src/jobs/jobs.service.ts: the exception in sql-owners.ts is not needed any more',
    ]);
  });
});
