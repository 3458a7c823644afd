import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { PoolClient } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { ACCOUNT, transaction } from './database.js';

interface Document {
  readonly data: { readonly attributes: { readonly name: string; readonly email: string; readonly role_name: string } };
}

/** In seconds: three days, and two. */
const INVITED_FOR = 3 * 24 * 3600;
const REMIND_AFTER = 2 * 24 * 3600;
const MAX_ATTEMPTS = 14;
/** Who is said to have done it, since the floor authenticates no one. */
const ACTOR = '00000000-0000-7000-8000-000000000000';

async function audit(client: PoolClient, action: string, targetId: string, details: object): Promise<void> {
  await client.query(
    `INSERT INTO audit_events (id, action, actor_id, target_type, target_id, details, ip, request_id)
     VALUES ($1, $2, $3, 'iam:accounts', $4, $5, '127.0.0.1', $6)`,
    [uuidv7(), action, ACTOR, targetId, JSON.stringify(details), randomUUID()],
  );
}

/** The mail's job, as any user of graphile-worker adds it. */
async function enqueue(client: PoolClient, task: string, id: string, token: string, delay: number): Promise<void> {
  await client.query(
    `SELECT graphile_worker.add_job($1, $2::json, run_at => now() + make_interval(secs => $3), max_attempts => $4,
       job_key => $5)`,
    [task, JSON.stringify({ accountId: id, token }), delay, MAX_ATTEMPTS, `${task}:${id}`],
  );
}

/** Changes a name; creates an account with its invitation. Each in one transaction, with what belongs to it. */
export async function writeAccounts(app: FastifyInstance): Promise<void> {
  app.patch<{ Params: { id: string }; Body: Document }>('/accounts/:id', async ({ params: { id }, body }) =>
    transaction(async (client) => {
      const { rows } = await client.query(
        `WITH changed AS (
           UPDATE accounts SET name = $2, updated_at = now(), version = version + 1 WHERE id = $1 RETURNING *
         ) ${ACCOUNT} FROM changed account`,
        [id, body.data.attributes.name],
      );
      await audit(client, 'iam:accounts.updated', id, { attributes: ['name'] });
      return { data: rows[0] };
    }),
  );

  app.post<{ Body: Document }>('/accounts', async ({ body }) => {
    const { name, email, role_name: role } = body.data.attributes;
    const id = uuidv7();
    const token = randomBytes(32).toString('base64url');
    const created = await transaction(async (client) => {
      const { rows } = await client.query(
        `WITH account AS (
           INSERT INTO accounts (id, name, email, email_key, role_name, invitation_expired_at)
           VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6)) RETURNING *
         ) ${ACCOUNT} FROM account`,
        [id, name, email, email.toLowerCase(), role, INVITED_FOR],
      );
      await client.query(
        `INSERT INTO one_time_tokens (id, hash, purpose, account_id, expires_at)
         VALUES ($1, $2, 'invitation', $3, now() + make_interval(secs => $4))`,
        [uuidv7(), createHash('sha256').update(token).digest('hex'), id, INVITED_FOR],
      );
      await enqueue(client, 'mail.invitation', id, token, 0);
      await enqueue(client, 'mail.invitation_reminder', id, token, REMIND_AFTER);
      await audit(client, 'iam:accounts.created', id, { attributes: ['name', 'email', 'role_name'] });
      await audit(client, 'iam:accounts.invited', id, {});
      return rows[0];
    });
    return { data: created };
  });
}
