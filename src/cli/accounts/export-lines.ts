import type { DataSource, QueryRunner } from 'typeorm';
import { AccountTransferResource } from '../../accounts/account-transfer.resource.js';
import type { TransferResource } from './account-reader.js';
import { ident, join, raw, sql, type Sql } from '../../json-api/sql/sql.js';

/** Accounts that are in memory at a time. */
const BATCH = 500;

/** A piece of what is exported: so many accounts, a line of JSON each. */
export interface ExportPiece {
  readonly accounts: number;
  readonly text: string;
}

/**
 * Reads every account in the order of ids, through a cursor and in one snapshot: what is written meanwhile does not show.
 * @param resource what of an account is written, as an installation's resource definition has it
 * @param read gets the number of accounts, and the pieces one after the other
 */
export async function exportAccounts(
  dataSource: DataSource,
  withPasswordHashes: boolean,
  read: (total: number, pieces: AsyncIterable<ExportPiece>) => Promise<void>,
  resource: TransferResource = AccountTransferResource,
): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction('REPEATABLE READ');
    await runner.query('SET TRANSACTION READ ONLY');
    // Whoever reads slowly, over a network say, lets the transaction wait.
    await runner.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    const [row]: { total: number }[] = await runner.query('SELECT count(*)::float8 AS total FROM accounts');
    await runner.query(`DECLARE accounts_export NO SCROLL CURSOR FOR ${statement(withPasswordHashes, resource)}`);
    await read(row?.total ?? 0, piecesOf(runner));
  } finally {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    await runner.release();
  }
}

async function* piecesOf(runner: QueryRunner): AsyncGenerator<ExportPiece> {
  for (;;) {
    const rows: { line: string }[] = await runner.query(`FETCH ${BATCH} FROM accounts_export`);
    if (rows.length === 0) return;
    yield { accounts: rows.length, text: rows.map(({ line }) => `${line}\n`).join('') };
  }
}

/** PostgreSQL writes the JSON. Not with `json_agg`, which puts line breaks between its items. */
function statement(withPasswordHashes: boolean, resource: TransferResource): string {
  const members = [...resource.attributes.values()].map(({ name, type: kind, computed }) =>
    // The one that is computed is the scope; its organizations are told by themselves, with their names.
    member(name, computed ? sql`row.role_scope_extra::text` : kind.json(sql`row.${ident(name)}`)),
  );
  const hash = sql`(
    SELECT to_json(credentials.hashed_password)::text FROM account_credentials credentials
    WHERE credentials.account_id = row.id)`;
  const organizations = sql`(
    SELECT jsonb_agg(jsonb_build_object('id', organization.id, 'name', organization.name) ORDER BY organization.id)::text
    FROM memberships membership JOIN organizations organization ON organization.id = membership.organization_id
    WHERE membership.account_id = row.id)`;
  const all = [
    member('id', sql`'"' || row.id || '"'`),
    ...members,
    ...(withPasswordHashes ? [member('hashed_password', hash)] : []),
    member('organizations', sql`coalesce(${organizations}, '[]')`),
  ];
  return sql`SELECT '{' || ${join(all, ` || ',' || `)} || '}' AS line FROM accounts row ORDER BY row.id`.compile().text;
}

const member = (name: string, json: Sql): Sql => sql`${raw(`'"${name}":'`)} || coalesce(${json}, 'null')`;
