import type { DataSource, QueryRunner } from 'typeorm';
import { AccountTransferResource } from '../../accounts/account-transfer.resource.js';
import type { TransferResource } from './account-reader.js';
import { from } from '../../json-api/sql/select.js';
import { columnSql, join, raw, sql, type Sql } from '../../json-api/sql/sql.js';

/** Accounts in memory at a time. */
const BATCH = 500;

/** A chunk of the export: a number of accounts, one line of JSON each. */
export interface ExportPiece {
  readonly accounts: number;
  readonly text: string;
}

/**
 * Reads every account ordered by id, with a cursor in one snapshot: concurrent writes are not visible.
 * @param resource the exported attributes, from the installation's resource definition
 * @param read receives the number of accounts, and the chunks in order
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
    // A slow reader, over a network for example, leaves the transaction idle.
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

/** The JSON is written by PostgreSQL, not with `json_agg`, which puts line breaks between items. */
function statement(withPasswordHashes: boolean, resource: TransferResource): string {
  const members = [...resource.attributes.values()].map((attribute) => {
    const { name, type, computed } = attribute;
    // The computed attribute is the scope; its organizations are exported separately, with their names.
    return member(name, computed ? sql`row.role_scope_extra::text` : type.json(columnSql(attribute)));
  });
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
  return sql`SELECT '{' || ${join(all, ` || ',' || `)} || '}' AS line FROM ${from({ resource })} ORDER BY row.id`.compile()
    .text;
}

const member = (name: string, json: Sql): Sql => sql`${raw(`'"${name}":'`)} || coalesce(${json}, 'null')`;
