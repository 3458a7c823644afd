import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sqlIn, tablesIn } from './sql-statements.js';

/** The folders of `src` whose repositories may name a table, by the table. */
export type Owners = Readonly<Record<string, readonly string[]>>;

/** Owners that no entity shows. */
const OTHER_OWNERS: Owners = {
  // An account's role scope are its memberships: both write them.
  memberships: ['organizations', 'accounts'],
  'graphile_worker.*': ['outbox'],
};

/** The table of each `@Entity('…')` belongs to the folder that has the entity. */
export function ownersOf(sources: ReadonlyMap<string, string>): Owners {
  const tables = [...sources].flatMap(([file, source]) =>
    [...source.matchAll(/^@Entity\((?:\{ name: )?'(\w+)'/gm)].map(([, table]) => [table, [file.split('/')[0]]]),
  );
  return { ...Object.fromEntries(tables), ...OTHER_OWNERS };
}

/** Where SQL stands, besides migrations. */
const ALLOWED = [
  /\.repository\.ts$/,
  /^json-api\/sql\//,
  // The server itself: connections, privileges, catalogues.
  /^(database|embedded-postgres)\//,
  // In bulk, with column lists from the entities.
  /^cli\/(accounts|seed)\//,
];
/** Their statements are about every table. */
const ALL_TABLES = [/^cli\/(accounts|seed)\//];

/** An exception, with its reason. */
export interface Exception {
  /** Below `src`. */
  readonly file: string;
  readonly reason: string;
  /** Tables of others that the file may name; without, SQL may stand in it although it is no repository. */
  readonly tables?: readonly string[];
}

/** Joins of a repository with tables of others. */
const JOINS: readonly Exception[] = [
  {
    file: 'account-sessions/account-sessions.repository.ts',
    tables: ['memberships'],
    reason: 'the scope `org` is a condition on the memberships of the session’s account',
  },
  {
    file: 'identity-providers/identities/account-identities.repository.ts',
    tables: ['memberships'],
    reason: 'the scope `org` is a condition on the memberships of the identity’s account',
  },
  {
    file: 'account-sessions/sessions.repository.ts',
    tables: ['accounts'],
    reason: 'a session starts and continues only with its enabled account, in one statement each',
  },
  {
    file: 'account-sessions/session-ends.repository.ts',
    tables: ['accounts'],
    reason: 'all sessions of an account end with its row locked, in one statement',
  },
  {
    file: 'accounts/account-directory.repository.ts',
    tables: ['account_sessions', 'organizations'],
    reason: 'the actor of a session is loaded by one statement',
  },
  {
    file: 'accounts/accounts.repository.ts',
    tables: ['organizations'],
    reason: 'the role scope shows only organizations that the actor may read',
  },
  {
    file: 'api-keys/api-keys.repository.ts',
    tables: ['accounts', 'memberships'],
    reason: 'the scope `org` is a condition on the service account of the key; a new key locks its account',
  },
  {
    file: 'api-keys/api-key-secrets.repository.ts',
    tables: ['accounts', 'memberships', 'organizations'],
    reason: 'the actor of a key is loaded by one statement',
  },
  {
    file: 'api-keys/mails/api-key-reminders.repository.ts',
    tables: ['accounts'],
    reason: 'who gets the mail about a key depends on the kind of its account',
  },
  {
    file: 'organizations/organizations.repository.ts',
    tables: ['accounts'],
    reason: 'deleting an organization updates the version of its members in one statement',
  },
  {
    file: 'passkeys/account-passkeys.repository.ts',
    tables: ['accounts'],
    reason: 'passkeys of an account are counted with its row locked',
  },
  {
    file: 'passwords/credentials.repository.ts',
    tables: ['accounts'],
    reason: 'a sign-in reads account and password in one statement',
  },
  {
    file: 'one-time-tokens/one-time-tokens.repository.ts',
    tables: ['accounts'],
    reason: 'a token is read with the enabled account that it is for, in one statement',
  },
];

/** SQL that is about no table in particular. */
const FRAGMENTS: readonly Exception[] = [
  { file: 'json-api/resource/field-types.ts', reason: 'how PostgreSQL writes a value of each type as JSON' },
  { file: 'testing/factories.ts', reason: 'the test kit inserts rows of any entity' },
  { file: 'testing/contract/subject.ts', reason: 'the contract reads and deletes rows of any resource' },
];

/** What one file may and others may not. Each is needed, or the check fails too. */
export const EXCEPTIONS: readonly Exception[] = [...JOINS, ...FRAGMENTS];

/**
 * Finds SQL outside of repositories, and tables that a folder does not own.
 * @param sources the text of each file below `src`, by its path
 * @returns a line for each mistake
 */
export function findSqlErrors(
  sources: ReadonlyMap<string, string>,
  exceptions = EXCEPTIONS,
  owners = ownersOf(sources),
): string[] {
  const unused = new Set(exceptions.flatMap(({ file, tables }) => (tables ?? ['']).map((table) => `${file} ${table}`)));
  const isException = (file: string, table: string): boolean => {
    const isListed = exceptions.some((one) => one.file === file && (one.tables ?? ['']).includes(table));
    unused.delete(`${file} ${table}`);
    return isListed;
  };
  const errors = [...sources].flatMap(([file, source]) =>
    sqlIn(file, source).flatMap(({ line, text }) => {
      const isPlace = ALLOWED.some((place) => place.test(file)) || isException(file, '');
      const outside = isPlace ? [] : [`src/${file}:${line}: SQL belongs in a *.repository.ts`];
      if (ALL_TABLES.some((place) => place.test(file))) return outside;
      const others = tablesIn(text, Object.keys(owners)).filter(
        (table) => !owners[table]?.some((folder) => file.startsWith(`${folder}/`)) && !isException(file, table),
      );
      const named = others.map(
        (table) => `src/${file}:${line}: the table ${table} belongs to src/${owners[table]?.join(', src/')}`,
      );
      return [...outside, ...named];
    }),
  );
  const needless = [...unused].map((one) => `src/${one.trim()}: the exception in sql-owners.ts is not needed any more`);
  return [...new Set([...errors, ...needless])];
}

/** The sources below a folder, but for migrations. */
export function readSources(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !file.includes('migrations/'));
  return new Map(files.toSorted().map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}
