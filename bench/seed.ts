import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';

/** How many rows of each kind. */
export interface SeedSizes {
  readonly accounts: number;
  readonly organizations: number;
  readonly sessions: number;
  readonly auditEvents: number;
  readonly apiKeys: number;
}

/** What every seeded account that has joined signs in with; only its hash depends on a cost. */
export const SEED_PASSWORD = 'Correct-horse-7';

/** Letters in front of the number in an e-mail: as with people's names, few accounts share them. */
const EMAIL_LETTERS = 7;

/** The e-mail of the n-th account, from 1. */
export const seedEmail = (n: number): string =>
  `${createHash('md5').update(String(n)).digest('hex').slice(0, EMAIL_LETTERS)}.${n}@example.com`;

/** {@link seedEmail} of the row's number, in SQL. */
const EMAIL = `substr(md5(i::text), 1, ${EMAIL_LETTERS}) || '.' || i || '@example.com'`;

/** One in so many accounts has this role; the others are plain users. */
const ORG_OWNER_EVERY = 50;
/** Accounts with every right, however many accounts there are: the newest, where a search from the oldest ends. */
const ADMINS = 5;

/** What only a few rows have, so many do, however many rows there are. */
const FEW = 20;

/** Each how-many-th row is to have something, so that about `wanted` of `count` have it. */
const every = (count: number, wanted: number): number => Math.max(1, Math.floor(count / wanted));

/** Ever the same number below `n` for the same row: seeds are repeatable without a random generator. */
const pick = (n: number, salt: number): string => `(abs(hashint8extended(i, ${salt}) % ${n}))::int`;

/** One of the texts of an array, from row to row another. */
const oneOf = (texts: string, count: number, salt: number): string => `(${texts})[1 + ${pick(count, salt)}]`;

/** A UUIDv7 (RFC 9562) of the given time; what is random in others is taken from the row's number. */
const uuidv7 = (time: string, salt: string): string =>
  `(lpad(to_hex((extract(epoch FROM ${time}) * 1000)::bigint), 12, '0') || '7' || ` +
  `substr(md5(i || '${salt}'), 1, 3) || '8' || substr(md5(i || '${salt}'), 4, 15))::uuid`;

/** Every 64th account has it, and no other name contains it. */
export const COMMON_FIRST_NAME = 'Quentin';
const FIRST_NAMES = `ARRAY['Ada','André','Bärbel','Carla','Chloé','Dana','Eino','Émile','Frida','Göran','Hanna','Ines','Jörg','Kari',
  'Łucja','Maja','Noor','Ødger','Petra','Quentin','Renée','Søren','Tomáš','Ülle','Vera','Wanda','Xenia','Yara',
  'Zoë','ΣΟΦΙΑ','Анна','李','Agnès','Björn','Cécile','Dmitri','Elif','François','Gisèle','Håkon','Ingrid','Jürgen',
  'Karin','Lars','Márta','Nils','Oskar','Pär','Rémi','Sigrid','Thérèse','Ursula','Viktor','Werner','Xaver',
  'Yngve','Zdeněk','Åse','Çağla','Ömer','Şule','Žofie','Ελένη','Борис']`;
const USER_AGENTS = `ARRAY['Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0','Mozilla/5.0 (Macintosh) Safari/605.1.15',
  'Mozilla/5.0 (Windows NT 10.0) Chrome/142.0.0.0','curl/8.17.0','okhttp/5.3.0','kitsu/11.1.0']`;
const ACTIONS = `ARRAY['iam:accounts.updated','iam:accounts.created','sign_in.succeeded','sign_in.failed',
  'iam:organizations.updated','session.ended']`;

/** The n-th of `count` moments, evenly spread over some days up to now. */
const moment = (count: number, days = 1000): string =>
  `(now() - (${count} - i) * interval '${days} days' / ${count})::timestamptz(3)`;

const accounts = (count: number): string => `
  INSERT INTO accounts (id, name, email, email_key, sso_channel, enabled, role_name, role_scope_extra, picture_url, locale,
    joined_at, invitation_expired_at, created_at, updated_at)
  SELECT ${uuidv7('created_at', 'account')},
    ${oneOf(FIRST_NAMES, 64, 1)} || ' ' || initcap(substr(md5(${pick(20_000, 2)}::text), 1, 7)),
    ${EMAIL}, ${EMAIL},
    CASE WHEN ${pick(10, 3)} = 0 THEN ${oneOf(`ARRAY['google','okta','entra']`, 3, 4)} END,
    ${pick(100, 5)} > 1,
    CASE WHEN admin THEN 'admin' WHEN i % ${ORG_OWNER_EVERY} = 0 THEN 'org_owner' ELSE 'user' END,
    CASE WHEN i % ${every(count, FEW)} = 0 THEN '{"region": ["eu"]}' WHEN ${pick(20, 6)} = 0 THEN '{"region": ["us"]}' ELSE '{}' END::jsonb,
    CASE WHEN ${pick(3, 7)} = 0 THEN 'https://pictures.example.com/' || md5(i::text) || '.jpg' END,
    CASE WHEN ${pick(4, 35)} = 0 THEN ${oneOf(`ARRAY['de','en']`, 2, 36)} END,
    CASE WHEN joined THEN created_at + interval '1 day' END,
    CASE WHEN NOT joined THEN created_at + interval '3 days' END,
    created_at, created_at + ${pick(1000, 8)} * interval '1 hour'
  FROM (
    SELECT i, ${moment(count)} AS created_at, i > ${count - ADMINS} AS admin,
      i > ${count - ADMINS} OR ${pick(20, 9)} > 0 AS joined
    FROM generate_series(1, ${count}::bigint) i
  ) one`;

const CREDENTIALS = `
  INSERT INTO account_credentials (account_id, hashed_password)
  SELECT id, $1::text FROM accounts WHERE joined_at IS NOT NULL
  ON CONFLICT DO NOTHING`;

/** Invitations of all who have not joined, and a reset token of one in 200, as if they had asked for it just now. */
const TOKENS = `
  INSERT INTO one_time_tokens (id, hash, account_id, purpose, expires_at)
  SELECT ${uuidv7('now()', 'invitation')}, encode(sha256(('join' || i)::bytea), 'hex'), id, 'invitation', invitation_expired_at
  FROM (SELECT id, invitation_expired_at, row_number() OVER (ORDER BY id) AS i FROM accounts WHERE joined_at IS NULL) one
  UNION ALL
  SELECT ${uuidv7('now()', 'reset')}, encode(sha256(('reset' || i)::bytea), 'hex'), id, 'reset',
    now() + interval '10 years' + i * interval '1 ms'
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS i FROM accounts) one WHERE ${pick(200, 10)} = 0`;

const organizations = (count: number): string => `
  INSERT INTO organizations (id, name, created_at, updated_at)
  SELECT ${uuidv7('created_at', 'organization')}, 'Organization ' || initcap(substr(md5(i::text), 1, 8)),
    created_at, created_at + ${pick(1000, 11)} * interval '1 hour'
  FROM (SELECT i, ${moment(count)} AS created_at FROM generate_series(1, ${count}::bigint) i) one`;

/** Most accounts belong to one organization, one in ten to a second one, and one in twenty to the first of all. */
const memberships = (organizations: number): string => `
  INSERT INTO memberships (account_id, organization_id)
  WITH account AS (SELECT id, row_number() OVER (ORDER BY id) AS i FROM accounts),
       organization AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM organizations)
  SELECT place.id, organization.id FROM (
    SELECT id, CASE WHEN ${pick(20, 12)} = 0 THEN 0 ELSE ${pick(organizations, 13)} END AS n FROM account WHERE ${pick(10, 14)} > 0
    UNION SELECT id, ${pick(organizations, 15)} FROM account WHERE ${pick(10, 16)} = 0
  ) place JOIN organization USING (n)`;

/** Sessions of the last two weeks, in turn of the accounts; a few are over. */
const sessions = (count: number): string => `
  INSERT INTO account_sessions
    (id, account_id, refresh_seq, nonce, user_agent, ip, amr, authenticated_at, refreshed_at, created_at, updated_at,
      expires_at)
  WITH account AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts WHERE enabled),
       session AS (
         SELECT i, ${moment(count, 14)} AS created_at,
                (i * 7919) % (SELECT count(*) FROM account) AS n
         FROM generate_series(1, ${count}::bigint) i
       )
  SELECT ${uuidv7('created_at', 'session')}, account.id, ${pick(200, 17)}, substr(md5(i || 'nonce'), 1, 22),
    CASE WHEN ${pick(50, 18)} > 0 THEN ${oneOf(USER_AGENTS, 6, 19)} END,
    '10.' || ${pick(4, 20)} || '.' || ${pick(250, 21)} || '.' || ${pick(250, 22)},
    '{pwd}', created_at, created_at, created_at, created_at + ${pick(1000, 23)} * interval '1 minute',
    CASE WHEN ${pick(100, 24)} = 0 THEN created_at ELSE now() + interval '1 day' + i * interval '1 millisecond' END
  FROM session JOIN account USING (n) ORDER BY i`;

const auditEvents = (count: number): string => `
  INSERT INTO audit_events (id, action, actor_id, target_type, target_id, details, ip, request_id, created_at)
  SELECT ${uuidv7('created_at', 'event')}, ${oneOf(ACTIONS, 6, 25)},
    CASE WHEN ${pick(10, 26)} > 0 THEN ${uuidv7('created_at', 'actor')} END,
    CASE WHEN ${pick(4, 27)} > 0 THEN ${oneOf(`ARRAY['iam:accounts','iam:organizations']`, 2, 28)} END,
    CASE WHEN ${pick(4, 27)} > 0 THEN ${uuidv7('created_at', 'target')} END, '{"attributes": ["name"]}',
    CASE WHEN ${pick(20, 29)} > 0 THEN '10.' || ${pick(4, 30)} || '.' || ${pick(250, 31)} || '.' || ${pick(250, 32)} END,
    CASE WHEN ${pick(20, 33)} > 0 THEN md5(i || 'request') END, created_at
  FROM (SELECT i, ${moment(count)} AS created_at FROM generate_series(1, ${count}::bigint) i) one`;

/** Keys of the last 300 days, in turn of the accounts; most are active, and a few revoked. */
const apiKeys = (count: number): string => `
  INSERT INTO api_keys
    (id, name, account_id, permissions, key_label, expires_at, revoked_at, last_used_at, created_by, created_at, updated_at)
  WITH account AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts WHERE enabled),
       key AS (
         SELECT i, ${moment(count, 300)} AS created_at,
                (i * 7919) % (SELECT count(*) FROM account) AS n
         FROM generate_series(1, ${count}::bigint) i
       )
  SELECT ${uuidv7('created_at', 'key')}, ${oneOf(`ARRAY['Build','Deploy','Sync','Backup']`, 4, 37)} || ' ' ||
      initcap(substr(md5(${pick(20_000, 38)}::text), 1, 7)),
    account.id, '{iam:accounts.read.own}', 'iam_' || substr(md5(i || 'label'), 1, 4) || '…' || substr(md5(i || 'label'), 5, 4),
    CASE WHEN ${pick(50, 39)} = 0 THEN NULL WHEN ${pick(30, 40)} = 0 THEN now() - interval '1 day' - i * interval '1 millisecond'
      ELSE created_at + interval '365 days' END,
    CASE WHEN i % ${every(count, FEW)} = 0 THEN created_at + interval '1 hour' END,
    CASE WHEN ${pick(10, 41)} > 0 THEN created_at + ${pick(1000, 42)} * interval '1 minute' END,
    CASE WHEN ${pick(20, 43)} > 0 THEN account.id END, created_at, created_at + ${pick(1000, 44)} * interval '1 minute'
  FROM key JOIN account USING (n) ORDER BY i`;

const TABLES = [
  'accounts',
  'account_credentials',
  'one_time_tokens',
  'organizations',
  'memberships',
  'account_sessions',
  'audit_events',
  'api_keys',
] as const;

/**
 * Fills an empty, migrated database, in a few statements. Indexes that are no constraints are dropped meanwhile and
 * made anew afterwards, which takes a fifth of the time.
 * @param hashedPassword the stored hash of {@link SEED_PASSWORD}
 */
export async function seed(client: ClientBase, sizes: SeedSizes, hashedPassword: string): Promise<void> {
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid = ANY($1::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`,
    [TABLES],
  );
  for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
  await client.query(accounts(sizes.accounts));
  await client.query(CREDENTIALS, [hashedPassword]);
  await client.query(TOKENS);
  await client.query(organizations(sizes.organizations));
  await client.query(memberships(sizes.organizations));
  // Each member's row was written once more, anywhere; in a database that grew, the versions of a row lie together.
  await client.query('CLUSTER accounts USING accounts_pkey');
  await client.query('ALTER TABLE accounts SET WITHOUT CLUSTER');
  await client.query(sessions(sizes.sessions));
  await client.query(auditEvents(sizes.auditEvents));
  await client.query(apiKeys(sizes.apiKeys));
  for (const { definition } of indexes) await client.query(definition);
  await client.query(`VACUUM ANALYZE ${TABLES.join(', ')}`);
}
