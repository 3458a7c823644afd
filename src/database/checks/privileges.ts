import type { DataSource } from 'typeorm';

/** Schemas of tables that are not entities: the outbox's library has its own. */
const OTHER_SCHEMAS = ['graphile_worker'];
const USED = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** A privilege that the role of the connection lacks, and the SQL that grants it. */
export interface MissingPrivilege {
  readonly text: string;
  /** Statements for the owner of the tables, or a superuser. */
  readonly sql: string;
}

interface Relation {
  readonly schema: string;
  /** Quoted, with its schema. */
  readonly relation: string;
  /** Those that the role lacks. */
  readonly lacking: string[];
  /** A view, or the list of migrations that ran. */
  readonly isOnlyRead: boolean;
  /** Row-level security applies to the role, and no policy allows it to read and write all rows. */
  readonly shut: boolean;
}

/**
 * Existing tables and views that the service uses. By name and not by `regclass`, which fails without USAGE on the
 * schema.
 */
const RELATIONS = `
  SELECT nspname AS schema, format('%I.%I', nspname, relname) AS relation,
    ARRAY(SELECT privilege FROM unnest($3::text[]) AS privilege
      WHERE NOT has_table_privilege(class.oid, privilege)) AS lacking,
    relkind = 'v' OR relname IN ('migrations', $4) AS "isOnlyRead",
    row_security_active(class.oid) AND EXISTS (
      SELECT FROM unnest(ARRAY['r', 'a', 'w', 'd']::"char"[]) AS command WHERE NOT EXISTS (
        SELECT FROM pg_policy WHERE polrelid = class.oid AND polpermissive AND polcmd IN ('*', command) AND EXISTS (
          SELECT FROM unnest(polroles) AS role
          WHERE CASE role WHEN 0 THEN true ELSE pg_has_role(role, 'USAGE') END))) AS shut
  FROM pg_class AS class JOIN pg_namespace AS namespace ON namespace.oid = relnamespace
  WHERE relkind IN ('r', 'p', 'v')
    AND (nspname = ANY ($1) OR (nspname = ANY (current_schemas(false) || 'public'::name) AND relname = ANY ($2)))
  ORDER BY 1, 2`;

const SCHEMAS = `
  SELECT quote_ident(nspname) AS schema, quote_ident(current_user) AS role,
    has_schema_privilege(nspname, 'USAGE') AS usable,
    EXISTS (SELECT FROM pg_proc WHERE pronamespace = namespace.oid AND NOT has_function_privilege(pg_proc.oid, 'EXECUTE'))
      AND nspname = ANY ($1) AS "isHeldBack"
  FROM pg_namespace AS namespace WHERE nspname = ANY ($2) ORDER BY 1`;

/**
 * The privileges that requests and outbox jobs need and the role lacks: to use a schema, read and write a table, pass
 * row-level security, call the outbox's functions. Tables that are not created yet are skipped.
 * @throws what the driver throws
 */
export async function findMissingPrivileges(dataSource: DataSource): Promise<MissingPrivilege[]> {
  const tables = [...dataSource.entityMetadatas.map(({ tableName }) => tableName), migrationsTable(dataSource)];
  const relations = await dataSource.query<Relation[]>(RELATIONS, [
    OTHER_SCHEMAS,
    tables,
    USED,
    migrationsTable(dataSource),
  ]);
  const names = [...new Set(relations.map(({ schema }) => schema))];
  const schemas = await dataSource.query<{ schema: string; role: string; usable: boolean; isHeldBack: boolean }[]>(
    SCHEMAS,
    [OTHER_SCHEMAS, names],
  );
  const role = schemas[0]?.role ?? '';
  return [
    ...schemas
      .filter(({ usable }) => !usable)
      .map(({ schema }) => ({
        text: `${role} may not use the schema ${schema}`,
        sql: `GRANT USAGE ON SCHEMA ${schema} TO ${role};`,
      })),
    ...grants(relations, role),
    ...schemas
      .filter(({ isHeldBack }) => isHeldBack)
      .map(({ schema }) => ({
        text: `${role} may not call the functions of the schema ${schema}`,
        sql: `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO ${role};`,
      })),
    ...relations
      .filter(({ shut }) => shut)
      .map(({ relation }) => ({
        text: `Row level security hides ${relation} from ${role}`,
        sql: `CREATE POLICY ${role} ON ${relation} TO ${role} USING (true) WITH CHECK (true);`,
      })),
  ];
}

/** One statement per set of missing privileges. */
function grants(relations: readonly Relation[], role: string): MissingPrivilege[] {
  const byPrivileges = new Map<string, string[]>();
  for (const { relation, lacking, isOnlyRead } of relations) {
    const needed = lacking.filter((privilege) => privilege === 'SELECT' || !isOnlyRead);
    if (needed.length === 0) continue;
    const key = needed.join(', ');
    byPrivileges.set(key, [...(byPrivileges.get(key) ?? []), relation]);
  }
  return [...byPrivileges].map(([privileges, tables]) => ({
    text: `${role} lacks ${privileges} on ${tables.join(', ')}`,
    sql: `GRANT ${privileges} ON ${tables.join(', ')} TO ${role};`,
  }));
}

interface MigratingRole {
  readonly role: string;
  readonly database: string;
  readonly schema: string | null;
  readonly mayCreateSchemas: boolean;
  readonly mayCreateTables: boolean;
  readonly foreign: string[];
}

const MIGRATING_ROLE = `
  SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS database,
    quote_ident(current_schema()) AS schema,
    has_database_privilege(current_database(), 'CREATE') AS "mayCreateSchemas",
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS "mayCreateTables",
    ARRAY(SELECT format('%I.%I', nspname, relname) FROM pg_class JOIN pg_namespace AS namespace ON namespace.oid = relnamespace
      WHERE relkind IN ('r', 'p') AND NOT pg_has_role(relowner, 'USAGE')
        AND (nspname = ANY ($1) OR (nspname = ANY (current_schemas(false)) AND relname = ANY ($2)))
      ORDER BY 1) AS foreign`;

/**
 * The privileges that migrations need and the role lacks: to create the schema of the outbox and the extension pg_trgm,
 * to create tables, and to alter existing ones, which only their owner can.
 * @throws what the driver throws
 */
export async function findMissingMigrationPrivileges(dataSource: DataSource): Promise<MissingPrivilege[]> {
  const tables = [...dataSource.entityMetadatas.map(({ tableName }) => tableName), migrationsTable(dataSource)];
  const [found] = await dataSource.query<MigratingRole[]>(MIGRATING_ROLE, [OTHER_SCHEMAS, tables]);
  if (!found) return [];
  const { role, database, schema, foreign } = found;
  const missing: MissingPrivilege[] = [];
  if (!found.mayCreateSchemas) {
    missing.push({
      text: `${role} may not create schemas and extensions in ${database}`,
      sql: `GRANT CREATE ON DATABASE ${database} TO ${role};`,
    });
  }
  if (!found.mayCreateTables) {
    missing.push({
      text: `${role} may not create tables in the schema ${schema ?? 'public'}`,
      sql: `GRANT USAGE, CREATE ON SCHEMA ${schema ?? 'public'} TO ${role};`,
    });
  }
  if (foreign.length > 0) {
    missing.push({
      text: `${role} does not own ${foreign.join(', ')}: migrate as their owner, by DATABASE_DIRECT_URL of that command`,
      sql: foreign.map((table) => `ALTER TABLE ${table} OWNER TO ${role};`).join(' '),
    });
  }
  return missing;
}

const migrationsTable = ({ options }: DataSource): string => options.migrationsTableName ?? 'migrations';

/** One sentence for each missing privilege, with the SQL. */
export const privilegeErrors = (missing: readonly MissingPrivilege[]): string[] =>
  missing.map(({ text, sql }) => `${text}. Run as the owner or as a superuser: ${sql}`);
