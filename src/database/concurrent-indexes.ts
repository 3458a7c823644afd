import type { QueryRunner } from 'typeorm';

/**
 * Builds indexes by name and definition while others read and write, one after the other; a run that was broken off goes
 * on where it stopped. For migrations with `transaction = false`. `gin_trgm_ops` is found in whatever schema the extension
 * pg_trgm lies: managed databases often have one for extensions, which is not on the search path.
 * @throws Error when a definition needs pg_trgm and the extension is not there
 */
export async function createIndexesConcurrently(
  runner: QueryRunner,
  indexes: Readonly<Record<string, string>>,
): Promise<void> {
  // It waits for transactions that are older than it, which takes as long as they do.
  const [before]: { value: string }[] = await runner.query(`SELECT current_setting('lock_timeout') AS value`);
  await runner.query('SET lock_timeout = 0');
  for (const [name, definition] of Object.entries(indexes)) {
    // What a build that was broken off leaves behind has the name, but serves nobody.
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
  // Not RESET, which would go back to the settings of the role, and not to those of this connection.
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
