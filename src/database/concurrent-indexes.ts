import type { QueryRunner } from 'typeorm';

/**
 * Builds indexes one after the other with CREATE INDEX CONCURRENTLY, without blocking writes; an interrupted run
 * continues where it stopped. For migrations with `transaction = false`. `gin_trgm_ops` is looked up in the schema of
 * the extension pg_trgm: managed databases often install extensions in a schema that is not on the search path.
 * @throws Error when a definition needs pg_trgm and the extension is not installed
 */
export async function createIndexesConcurrently(
  runner: QueryRunner,
  indexes: Readonly<Record<string, string>>,
): Promise<void> {
  // CREATE INDEX CONCURRENTLY waits for all older transactions, however long they take.
  const [before]: { value: string }[] = await runner.query(`SELECT current_setting('lock_timeout') AS value`);
  await runner.query('SET lock_timeout = 0');
  for (const [name, definition] of Object.entries(indexes)) {
    // An interrupted build leaves an invalid index with this name behind.
    const invalid: unknown[] = await runner.query(
      'SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid',
      [name],
    );
    if (invalid.length > 0) await runner.query(`DROP INDEX CONCURRENTLY ${name}`);
    const qualified = definition.includes(TRIGRAM_OPERATORS)
      ? definition.replaceAll(TRIGRAM_OPERATORS, await trigramOperators(runner))
      : definition;
    await runner.query(`CREATE INDEX CONCURRENTLY IF NOT EXISTS ${name} ON ${qualified}`);
  }
  // Not RESET, which would restore the setting of the role instead of the one of this connection.
  await runner.query(`SELECT set_config('lock_timeout', $1, false)`, [before?.value]);
}

const TRIGRAM_OPERATORS = 'gin_trgm_ops';

/** The operator class of GIN indexes on trigrams, with its schema. */
async function trigramOperators(runner: QueryRunner): Promise<string> {
  const [extension]: { schema: string }[] = await runner.query(`
    SELECT quote_ident(nspname) AS schema FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
    WHERE extname = 'pg_trgm'`);
  if (!extension) throw new Error('The extension pg_trgm is missing; CREATE EXTENSION pg_trgm makes it.');
  return `${extension.schema}.${TRIGRAM_OPERATORS}`;
}
