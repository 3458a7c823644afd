import { v7 as uuidv7 } from 'uuid';
import { hashToken } from '../../src/auth/tokens/secrets.js';
import { ADMIN } from '../support/environment.js';
import { account, organization, type Rows } from '../support/factories.js';

/** A fixture of the contract tests, for the apps of these tests and of the kit. */
export type Factory = (app: Rows, n: number) => Promise<string>;

const DAY_MS = 86_400_000;
/** Of today, so that no sweep deletes the rows of a slow test. */
const START = Math.floor(Date.now() / DAY_MS) * DAY_MS;

/** One for each n, in their order, at least a week ago. */
const time = (n: number): Date => new Date(START + (n - 20) * DAY_MS + 250 + n);

async function session(app: Rows, n: number): Promise<string> {
  const id = uuidv7();
  const { id: accountId } = await account(app, { joined: false });
  await app.sql(
    `INSERT INTO account_sessions (id, account_id, refresh_seq, nonce, user_agent, ip, refreshed_at, created_at, updated_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, now() + $9 * interval '1 day')`,
    [id, accountId, n, `nonce-${n}-${id}`, n % 2 ? null : `Browser/${n}`, `192.0.2.${n}`, time(n), time(n + 1), n + 1],
  );
  return id;
}

async function auditEvent(app: Rows, n: number): Promise<string> {
  const id = uuidv7();
  await app.sql(
    `INSERT INTO audit_events (id, action, actor_id, target_type, target_id, details, ip, request_id, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      id,
      `iam:things.action_${n}`,
      n % 2 ? null : uuidv7(),
      n % 2 ? 'iam:things' : null,
      n % 3 ? uuidv7() : null,
      { attributes: [`of ${n}`] },
      n % 2 ? `192.0.2.${n}` : null,
      n % 3 ? `request-${n}` : null,
      time(n),
    ],
  );
  return id;
}

async function job(app: Rows, n: number): Promise<string> {
  const id = uuidv7();
  await app.sql(
    `INSERT INTO jobs (id, kind, status, progress, total, errors, input, created_by, created_at, updated_at, started_at, finished_at)
     VALUES ($1, $2, $3, $4, $5, $6, '{}', $7, $8, $9, $10, $11)`,
    [
      id,
      `iam:things.job_${n}`,
      n % 2 ? 'succeeded' : 'running',
      n,
      n % 2 ? null : n + 10,
      JSON.stringify([{ code: 'odd', detail: `of ${n}` }]),
      n % 3 ? uuidv7() : null,
      time(n),
      time(n + 1),
      n % 2 ? time(n + 1) : null,
      n % 2 ? time(n + 2) : null,
    ],
  );
  return id;
}

async function identityProvider(app: Rows, n: number): Promise<string> {
  const id = uuidv7();
  await app.sql(
    `INSERT INTO identity_providers
       (id, slug, name, kind, issuer, client_id, scopes, claims, authorization_endpoint, token_endpoint, userinfo_endpoint,
        organization_id, domains, trust_email, trust_mfa, "join", default_role, enabled, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
    [
      id,
      `provider-${n}-${id.slice(-12)}`,
      `Provider no. ${n}, née Ödön`,
      n % 2 ? 'oidc' : 'oauth2',
      `https://id${n}.example.com`,
      `client ${n}`,
      n % 2 ? ['openid'] : [],
      n % 3 ? { email: `mail_${n}` } : {},
      `https://id${n}.example.com/oauth`,
      n % 2 ? await organization(app) : null,
      [`${id.slice(-12)}.example.com`],
      n % 2 === 0,
      n % 3 === 0,
      n % 3 ? 'invited' : 'never',
      n % 2 ? 'user' : null,
      n % 3 > 0,
      time(n),
      time(n + 2),
    ],
  );
  return id;
}

/** Of a service, since a person's keys are made by that person only; one after the other expires earlier, as a change may do. */
async function apiKey(app: Rows, n: number): Promise<string> {
  const id = uuidv7();
  const columns = { kind: 'service', joined_at: time(n) };
  const { id: accountId } = await account(app, { joined: false, columns });
  await app.sql(
    `INSERT INTO api_keys (id, name, account_id, permissions, role_scope, key_label, expires_at, revoked_at, last_used_at,
       created_by, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      id,
      `Key no. ${n}, of 100%`,
      accountId,
      ['iam:accounts.read.own'],
      n % 2 ? null : { org: [] },
      `iam_${String(n).padStart(4, '0')}…wxyz`,
      new Date(START + (300 - n) * DAY_MS),
      n % 4 ? null : time(n),
      n % 2 ? time(n + 1) : null,
      n % 2 ? uuidv7() : null,
      time(n),
      time(n + 2),
    ],
  );
  return id;
}

/** Of the first admin, since an admin sees no others. */
async function passkey(app: Rows, n: number): Promise<string> {
  const id = uuidv7();
  await app.sql(
    `INSERT INTO account_passkeys
       (id, account_id, name, credential_id, public_key, backup_eligible, backed_up, created_at, last_used_at)
     SELECT $1, id, $2, $3, '', $4, $5, $6, $7 FROM accounts WHERE email = $8`,
    [id, `Passkey no. ${n}`, Buffer.from(id), n % 3 > 0, n % 3 > 1, time(n), n % 2 ? null : time(n + 1), ADMIN.email],
  );
  return id;
}

/** Of the first admin, since an admin sees no others, with the present password and factors. */
async function trustedDevice(app: Rows, n: number): Promise<string> {
  const id = uuidv7();
  await app.sql(
    `INSERT INTO trusted_devices
       (id, account_id, hash, name, password_version, factor_version, created_at, last_used_at, expires_at)
     SELECT $1, account.id, $2, $3, credentials.version, coalesce(state.version, 0), $4, $5, now() + interval '1 day'
     FROM accounts account JOIN account_credentials credentials ON credentials.account_id = account.id
     LEFT JOIN account_factor_states state ON state.account_id = account.id WHERE account.email = $6`,
    [id, hashToken(id), `Firefox no. ${n}`, time(n), n % 2 ? null : time(n + 1), ADMIN.email],
  );
  return id;
}

/** One of the first admin's, since others are removed all at once by another route; not confirmed, so that the admin needs no code. */
async function factor(app: Rows, n: number): Promise<string> {
  const id = uuidv7();
  await app.sql(
    `INSERT INTO account_factors (id, account_id, name, secret, last_used_at, created_at, updated_at)
     SELECT $1, account.id, $2, 'sealed', $3, $4, $4 FROM accounts account WHERE account.email = $5`,
    [id, `Phone no. ${n}`, n % 3 ? time(n + 1) : null, time(n), ADMIN.email],
  );
  return id;
}

async function accountIdentity(app: Rows, n: number): Promise<string> {
  const id = uuidv7();
  const { id: accountId } = await account(app, {});
  await app.sql(
    `INSERT INTO account_identities
       (id, account_id, provider_id, issuer, subject, email, linked_by, created_at, last_used_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      id,
      accountId,
      await identityProvider(app, n),
      `https://id${n}.example.com`,
      `subject ${n} ${id}`,
      n % 2 ? `person.${n}@example.com` : null,
      n % 3 ? 'session' : 'invitation',
      time(n),
      n % 2 ? time(n + 1) : null,
    ],
  );
  return id;
}

/** A factory for each resource of the service. */
export const FIXTURES: Readonly<Record<string, Factory>> = {
  'iam:organizations': (app, n) => organization(app, `Organization no. ${n}, of 100%`),
  'iam:accounts': async (app, n) => {
    const org = n % 2 ? [await organization(app)] : [];
    const columns = {
      sso_channel: n % 2 ? null : `channel-${n}`,
      picture_url: n % 2 ? `https://example.com/${n}.png` : null,
      joined_at: n % 3 ? time(n) : null,
      invitation_expired_at: n % 3 ? null : time(n + 3),
      created_at: time(n),
      updated_at: time(n + 2),
    };
    const { id } = await account(app, {
      name: `Person no. ${n}, née Ödön`,
      email: `person.${n}.${uuidv7()}@example.com`,
      joined: false,
      enabled: n % 3 > 0,
      org,
      columns,
    });
    return id;
  },
  'iam:account_passkeys': passkey,
  'iam:account_sessions': session,
  'iam:api_keys': apiKey,
  'iam:audit_events': auditEvent,
  'iam:jobs': job,
  'iam:identity_providers': identityProvider,
  'iam:account_factors': factor,
  'iam:trusted_devices': trustedDevice,
  'iam:account_identities': accountIdentity,
};
