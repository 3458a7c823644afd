import { hashToken } from '../auth/tokens/secrets.js';
import { FIELD_TYPES } from '../json-api/resource/field-types.js';
import { type Operands, OPERATORS, plainValues } from '../json-api/sql/operators.js';
import { or, sql, type Sql } from '../json-api/sql/sql.js';

/** Conditions on accounts by the tokens that reset their passwords. */

/** Whether `token` resets a password, and is good. */
const LIVE_RESET = sql`token.purpose = 'reset' AND token.expires_at > now()`;

const hasNoReset = (account: Sql): Sql =>
  sql`NOT EXISTS (SELECT FROM one_time_tokens token WHERE token.account_id = ${account} AND ${LIVE_RESET})`;

/** The condition of a filter: whether the account of that id has one of these reset tokens; `null` is an account that has none. */
export function resetTokenIs(account: Sql, operands: Operands): Sql {
  const hashes = plainValues(operands).map((token) => hashToken(String(token)));
  const issued = sql`${account} IN (
    SELECT token.account_id FROM one_time_tokens token WHERE token.hash = ANY(${hashes}::text[]) AND ${LIVE_RESET})`;
  return operands.orNull ? or([issued, hasNoReset(account)]) : issued;
}

/** The condition of a filter: whether the last of an account's reset tokens expires then; `null` is an account that has none. */
export function lastResetExpiryIs(account: Sql, { values, orNull }: Operands): Sql {
  const then = OPERATORS.eq.sql(sql`token.expires_at`, { values, orNull: false }, FIELD_TYPES.time);
  const expires = sql`${account} IN (
    SELECT token.account_id FROM one_time_tokens token WHERE (${then}) AND ${LIVE_RESET} AND NOT EXISTS (
      SELECT FROM one_time_tokens later WHERE later.account_id = token.account_id AND later.purpose = 'reset'
        AND later.expires_at > token.expires_at))`;
  return orNull ? or([expires, hasNoReset(account)]) : expires;
}
