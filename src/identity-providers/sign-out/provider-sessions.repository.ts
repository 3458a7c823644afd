import { Injectable } from '@nestjs/common';
import { SecretBox } from '../../auth/tokens/secrets.js';
import { type Sql, sql, type Transaction } from '../../json-api/sql/sql.js';
import { ID_TOKEN_PURPOSE } from '../identities/identities.repository.js';

/** The provider session that a session came from. */
export interface SessionOrigin {
  readonly providerId: string;
  /** Name of the provider. */
  readonly name: string;
  /** Null where the provider gave none. */
  readonly idToken: string | null;
}

/** A sign-out at a provider: of a session there, or of everything that an account there has started. */
export interface ProviderSignOut {
  readonly issuer: string;
  /** Id of the token. */
  readonly jti: string;
  readonly subject: string | null;
  /** Id of the session there; null for all of the subject. */
  readonly sid: string | null;
}

/** The condition on `origin`, a row of `identity_provider_sessions`, that it is one of those that a provider has signed out. */
const isSignedOut = (providerId: string, { issuer, subject, sid }: ProviderSignOut): Sql => sql`(
  origin.provider_id = ${providerId} AND origin.issuer = ${issuer}
  AND (${subject}::varchar IS NULL OR origin.subject = ${subject})
  AND (${sid}::varchar IS NULL OR origin.sid = ${sid} OR origin.sid IS NULL AND ${subject}::varchar IS NOT NULL))`;

/** The provider sessions that sessions came from; no scope applies. */
@Injectable()
export class ProviderSessionsRepository {
  constructor(private readonly secrets: SecretBox) {}

  /** The origin of a session; undefined for one that did not come from an enabled provider. */
  async originOf(sessionId: string, database: Pick<Transaction, 'query'>): Promise<SessionOrigin | undefined> {
    const [row] = await database.query<SessionOrigin>(sql`
      SELECT origin.provider_id AS "providerId", provider.name, origin.id_token AS "idToken"
      FROM identity_provider_sessions origin JOIN identity_providers provider ON provider.id = origin.provider_id
      WHERE origin.id = ${sessionId} AND provider.enabled`);
    return row && { ...row, idToken: row.idToken && this.secrets.open(ID_TOKEN_PURPOSE, row.idToken) };
  }

  /** The condition, in SQL, that a session is one of those that a provider has signed out. */
  areSignedOut(providerId: string, ended: ProviderSignOut): (sessionId: Sql) => Sql {
    return (sessionId) => sql`${sessionId} IN (
      SELECT origin.id FROM identity_provider_sessions origin WHERE ${isSignedOut(providerId, ended)})`;
  }
}
