import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { compare } from 'bcrypt';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ACCOUNT, COLUMNS, pageSize, pool, type Query } from './database.js';

/** The session and its account by the token, in one query. It stands in the place of a session's id in a cookie. */
export async function authenticate({ headers }: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { rows } = await pool.query(
    `SELECT session.id, session.expires_at, account.id AS account_id, account.name, account.email, account.role_name
     FROM account_sessions session JOIN accounts account ON account.id = session.account_id
     WHERE session.nonce = $1 AND session.expires_at > now() AND account.enabled`,
    [headers.authorization?.replace('Bearer ', '')],
  );
  if (rows.length === 0) await reply.code(401).send({ error: 'unauthorized' });
}

const SESSION_COLUMNS = ['id', 'account_id', 'user_agent', 'ip', 'created_at', 'updated_at', 'expires_at'];
const NAMES = [...COLUMNS, 'org'];

const named = (names: readonly string[], values: readonly unknown[]): object =>
  Object.fromEntries(names.map((name, i) => [name, values[i]]));

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const HEADER = encoded({ alg: 'ES256', typ: 'at+jwt' });

function accessToken(accountId: string, sessionId: string): string {
  const iat = Math.floor(Date.now() / 1000);
  const signed = `${HEADER}.${encoded({ sub: accountId, sid: sessionId, iat, exp: iat + 900 })}`;
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** Lists sessions, starts and refreshes them. */
export async function refreshSessions(app: FastifyInstance): Promise<void> {
  app.get<{ Querystring: Query }>('/account_sessions', async ({ query }) => {
    const { rows } = await pool.query<unknown[]>({
      text: `${ACCOUNT}, ${SESSION_COLUMNS.map((name) => `session.${name}`).join(', ')}
        FROM account_sessions session JOIN accounts account ON account.id = session.account_id
        WHERE session.expires_at > now() ORDER BY session.id LIMIT $1`,
      values: [pageSize(query)],
      rowMode: 'array',
    });
    return {
      data: rows.map((row) => ({
        ...named(SESSION_COLUMNS, row.slice(NAMES.length)),
        account: named(NAMES, row),
      })),
    };
  });

  /** Nothing but the comparison; both sides compare one hash of the same cost. */
  app.post<{ Body: { password: string; hash: string } }>('/auth/login', async ({ body }) => ({
    ok: await compare(body.password, body.hash),
  }));

  /** One UPDATE and one signature. The token is the session's id. */
  app.post<{ Body: { refresh_token: string } }>('/auth/refresh', async ({ body: { refresh_token: id } }) => {
    const { rows } = await pool.query<{ account_id: string }>(
      `UPDATE account_sessions SET refresh_seq = refresh_seq + 1, nonce = $2, refreshed_at = now(), updated_at = now(),
         expires_at = now() + interval '14 days', version = version + 1 WHERE id = $1 RETURNING account_id`,
      [id, randomBytes(16).toString('base64url')],
    );
    return { meta: { token: accessToken(rows[0]?.account_id ?? '', id), refresh_token: id } };
  });
}
