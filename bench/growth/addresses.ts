import type { QueryResultRow } from 'pg';
import { AccountSessionResource } from '../../src/account-sessions/account-session.resource.js';
import { AccountResource } from '../../src/accounts/account.resource.js';
import { ApiKeyResource } from '../../src/api-keys/api-key.resource.js';
import { AuditEventResource } from '../../src/events/audit-event.resource.js';
import { encodeCursor } from '../../src/json-api/query/pagination.js';
import { ID } from '../../src/json-api/resource/attributes.js';
import type { AnyResource } from '../../src/json-api/resource/resource.js';
import { raw } from '../../src/json-api/sql/sql.js';
import { OrganizationResource } from '../../src/organizations/organization.resource.js';
import { FILTER_SAMPLES, type SampleRow, type SampleRows } from './samples.js';

/** The addresses of every documented filter and sort, on the rows of a seeded database. */

/** Every resource that can be listed. */
export const RESOURCES: readonly AnyResource[] = [
  AccountResource,
  OrganizationResource,
  AccountSessionResource,
  AuditEventResource,
  ApiKeyResource,
];

/** Runs a statement. */
export type Run = <Row extends QueryResultRow>(text: string) => Promise<Row[]>;

/** Finds them in a seeded database. */
export async function sampleRows(run: Run): Promise<SampleRows> {
  const middle = async (table: string, condition = 'TRUE'): Promise<SampleRow> => {
    const [found] = await run<{ row: SampleRow }>(
      `SELECT to_jsonb(one) AS row FROM (
         SELECT * FROM ${table} WHERE ${condition} ORDER BY 1
         OFFSET (SELECT count(*) / 2 FROM ${table} WHERE ${condition}) LIMIT 1) one`,
    );
    if (!found) throw new Error(`${table} has no row where ${condition}`);
    return found.row;
  };
  const recently = (table: string, time = 'created_at'): string =>
    `(SELECT ${time} FROM ${table} WHERE ${time} IS NOT NULL ORDER BY ${time} DESC OFFSET 19 LIMIT 1)`;
  return {
    account: await middle('accounts', 'joined_at IS NOT NULL AND sso_channel IS NOT NULL'),
    invited: await middle('accounts', 'invitation_expired_at IS NOT NULL'),
    resetting: await middle('one_time_tokens', `purpose = 'reset'`),
    pictured: await middle('accounts', 'picture_url IS NOT NULL'),
    organization: await middle('organizations'),
    membership: await middle('memberships'),
    session: await middle('account_sessions', 'user_agent IS NOT NULL AND expires_at > now()'),
    event: await middle(
      'audit_events',
      'actor_id IS NOT NULL AND target_id IS NOT NULL AND ip IS NOT NULL AND request_id IS NOT NULL',
    ),
    apiKey: await middle('api_keys', 'last_used_at IS NOT NULL AND expires_at > now()'),
    recent: await middle(
      `(SELECT 1, ${recently('accounts')} AS account, ${recently('organizations')} AS organization,
          ${recently('audit_events')} AS event, ${recently('api_keys')} AS "apiKey",
          ${recently('api_keys', 'expires_at')} AS "apiKeyExpiry",
          ${recently('api_keys', 'last_used_at')} AS "apiKeyUse") recent`,
    ),
  };
}

/** Attributes whose order no index can have: every actor has another one. */
const PER_ACTOR: readonly string[] = ['iam:account_sessions current'];

/** Everything that a resource can be sorted by with the help of an index, in both directions. */
export function sortsOf({ type, attributes }: AnyResource): string[] {
  const sortable = [...attributes.values()].flatMap(({ name, sortable: sorts }) =>
    sorts && !PER_ACTOR.includes(`${type} ${name}`) ? [name] : [],
  );
  return ['id', ...sortable].flatMap((name) => [name, `-${name}`]);
}

/** Pages of 50 with one filter, for each of its sample values. @throws Error when it has none */
export function filterAddresses({ type, path }: AnyResource, filter: string, rows: SampleRows): string[] {
  const samples = FILTER_SAMPLES[type]?.[filter]?.(rows);
  if (!samples) throw new Error(`bench/growth/samples.ts has no values for filter[${filter}] of ${type}`);
  return samples.map((value) => {
    if (value === undefined) throw new Error(`A sample for filter[${filter}] of ${type} is undefined`);
    return `${path}?filter[${filter}]=${encodeURIComponent(value)}&page[size]=50`;
  });
}

/** Pages of 50 in one order: the first by number, both ends by cursor, and from the middle on both ways. */
export async function sortAddresses(run: Run, resource: AnyResource, sort: string): Promise<string[]> {
  const pages = ['page[number]=1', 'page[after]=', 'page[before]=', ...(await cursorPages(run, resource, sort))];
  return pages.map((page) => `${resource.path}?sort=${sort}&page[size]=50&${page}`);
}

/**
 * Cursors of a sort, as parameters: after and before the middle one of the rows that have a value, and of those that
 * have none.
 */
async function cursorPages(run: Run, { type, table, attributes }: AnyResource, sort: string): Promise<string[]> {
  const descending = sort.startsWith('-');
  const name = sort.replace('-', '');
  const attribute = name === ID.name ? ID : attributes.get(name);
  if (!attribute) throw new Error(`${type} has no attribute ${name}`);
  const keys = (attribute === ID ? [ID] : [attribute, ID]).map((key) => ({ attribute: key, descending }));
  const column = `row."${name}"`;
  const { text } = attribute.type.text(raw(column)).compile();
  const conditions = [`${column} IS NOT NULL`, ...(attribute.nullable ? [`${column} IS NULL`] : [])];
  const pages: string[] = [];
  for (const condition of conditions) {
    const [row] = await run<{ value: string | null; id: string }>(
      `SELECT ${text} AS value, row.id FROM ${table} row WHERE ${condition} ORDER BY ${column}, row.id
       OFFSET (SELECT count(*) / 2 FROM ${table} row WHERE ${condition}) LIMIT 1`,
    );
    if (!row) throw new Error(`${table} has no row where ${condition}`);
    const cursor = encodeCursor(keys, attribute === ID ? [row.id] : [row.value, row.id]);
    pages.push(`page[after]=${cursor}`, `page[before]=${cursor}`);
  }
  return pages;
}
