import type { DataSource } from 'typeorm';

/** `NULLS NOT DISTINCT`, `MERGE` and ICU as a database's own locale need version 15. */
const MIN_VERSION = 15;

interface ServerFacts {
  version: number;
  encoding: string;
  ctype: string;
  folds: boolean;
}

/**
 * A PostgreSQL server, or a connection to it, that this service cannot use. The message lists every problem and what to
 * do.
 */
export class UnfitDatabaseError extends Error {
  constructor(readonly errors: readonly string[]) {
    super(`This PostgreSQL database cannot be used as it is:\n${errors.map((error) => `  - ${error}`).join('\n')}`);
    this.name = 'UnfitDatabaseError';
  }
}

/**
 * Checks what the queries rely on: the version, UTF-8, and an LC_CTYPE that knows letters beyond ASCII. Under locale C
 * `'É' ILIKE 'é'` is false and the trigrams of such text are empty, so that a search would miss rows.
 * @throws UnfitDatabaseError
 */
export async function assertDatabaseFits(dataSource: DataSource): Promise<void> {
  const [facts] = await dataSource.query<ServerFacts[]>(`
    SELECT current_setting('server_version_num')::int / 10000 AS version,
           pg_encoding_to_char(encoding) AS encoding, datctype AS ctype, 'É' ILIKE 'é' AS folds
      FROM pg_database WHERE datname = current_database()`);
  const errors = facts ? errorsFor(facts) : ['It does not describe itself in pg_database.'];
  if (errors.length > 0) throw new UnfitDatabaseError(errors);
}

function errorsFor({ version, encoding, ctype, folds }: ServerFacts): string[] {
  const errors: string[] = [];
  if (version < MIN_VERSION) errors.push(`It is version ${version}; at least ${MIN_VERSION} is needed.`);
  if (encoding !== 'UTF8') errors.push(`Its encoding is ${encoding}; UTF8 is needed.`);
  if (ctype === 'C' || ctype === 'POSIX' || !folds) {
    errors.push(
      `Its LC_CTYPE is ${ctype}, which does not know letters beyond ASCII. Create the database with ` +
        `TEMPLATE template0 ENCODING 'UTF8' LC_CTYPE 'C.UTF-8' or another UTF-8 locale.`,
    );
  }
  return errors;
}

/** Constraints and unique indexes of the schemas in which the role finds its tables. */
const KNOWN = `
  SELECT conname AS name FROM pg_constraint
  WHERE connamespace = ANY (SELECT oid FROM pg_namespace WHERE nspname = ANY (current_schemas(false)))
  UNION SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
  WHERE indisunique AND relnamespace = ANY (SELECT oid FROM pg_namespace WHERE nspname = ANY (current_schemas(false)))`;

/**
 * The names that are no constraint of the database. An error by such a name would never be thrown.
 * @throws what the driver throws
 */
export async function findUnknownConstraints(
  dataSource: Pick<DataSource, 'query'>,
  names: readonly string[],
): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await dataSource.query<{ name: string }[]>(`SELECT name FROM (${KNOWN}) known WHERE name = ANY ($1)`, [
    names,
  ]);
  const known = new Set(rows.map(({ name }) => name));
  return names.filter((name) => !known.has(name));
}
