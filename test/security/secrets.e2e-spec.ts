import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { loadConfig } from '../../src/config/load-config.js';
import { tokenIn } from '../accounts/mails.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { ServiceProcess } from './service-process.js';

const canary = (): string => `Canary-${randomBytes(9).toString('hex')}-Aa1`;

/** What must never be seen, by what it is. */
class Canaries {
  private readonly secrets = new Map<string, string>();

  /** Remembers a secret, and gives it back. */
  add(what: string, secret: string): string {
    this.secrets.set(secret, what);
    return secret;
  }

  /** What stands in a text, but for what may. */
  in(text: string, may: readonly string[] = []): string[] {
    return [...this.secrets]
      .filter(([secret]) => text.includes(secret) && !may.includes(secret))
      .map(([, what]) => what);
  }
}

interface Sent {
  readonly status: number;
  // Documents of every shape are looked into.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
  readonly text: string;
  readonly cookies: Record<string, string>;
}

describe('Lesson 15: secrets', () => {
  const canaries = new Canaries();
  const adminPassword = canaries.add('password of the first admin', canary());
  const appSecret = canaries.add('APP_SECRET', canary());
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  canaries.add('JWT_PRIVATE_KEY', key.split('\n')[1] ?? '');

  let database: TestDatabase;
  let mails: SmtpSink;
  let db: Client;
  let dataDir: string;
  let service: ServiceProcess;
  let url: string;
  /** What each answer held that it must not, by its request. */
  const leaks: string[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    mails = await SmtpSink.start();
    db = new Client(database.url);
    await db.connect();
    dataDir = await mkdtemp(join(tmpdir(), 'iam-secrets-'));
    const { password } = new URL(database.url);
    if (password !== '') canaries.add('password of the database', password);
    service = ServiceProcess.start({
      NODE_ENV: 'test',
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      PORT: '0',
      APP_URL: 'https://app.example.com',
      APP_SECRET: appSecret,
      JWT_PRIVATE_KEY: key,
      MAIL_URL: mails.url,
      ADMIN_EMAIL: 'root@example.com',
      ADMIN_PASSWORD: adminPassword,
      BCRYPT_COST: '4',
      THROTTLE_DISABLED: 'true',
      LOG_LEVEL: 'trace',
      METRICS_PORT: '0',
    });
    url = await service.url();
  });
  afterAll(async () => {
    await service.stop();
    await db.end();
    await mails.stop();
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** Sends a request, and looks for every secret in all of its answer; tokens that it newly gives are secrets from now on. */
  const send = async (
    method: string,
    path: string,
    { token, body, headers = {} }: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Sent> => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = (response.headers.get('content-type') ?? '').includes('json') ? JSON.parse(text) : undefined;
    const cookies = Object.fromEntries(
      response.headers.getSetCookie().map((cookie) => {
        const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split(/=(.*)/s);
        return [name, value];
      }),
    );
    const given = [...Object.values(json?.meta ?? {}), ...Object.values(cookies)].filter(
      (value): value is string => typeof value === 'string' && value.length > 20,
    );
    const all = `${text}\n${[...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n')}`;
    leaks.push(...canaries.in(all, given).map((what) => `${method} ${path.split('?')[0]} shows the ${what}`));
    for (const secret of given) canaries.add(`token that ${method} ${path.split('?')[0]} gave`, secret);
    return { status: response.status, body: json, text, cookies };
  };

  const login = (email: string, password: string, cookie = false): Promise<Sent> =>
    send('POST', '/auth/login', { body: { email, password, cookie } });

  /** The token of the newest of so many mails to an address. */
  const mailed = async (email: string, count: number): Promise<string> => {
    const to = () => mails.mails.filter(({ recipients }) => recipients.includes(email));
    while (to().length < count) await mails.waitFor(mails.mails.length + 1);
    const mail = to()[count - 1];
    return canaries.add('token of a mail', mail ? tokenIn(mail) : '');
  };

  /** Waits until every mail is sent, and counts those to an address. */
  const outboxEmpty = async (email: string): Promise<number> => {
    while ((await db.query('SELECT id FROM graphile_worker.jobs WHERE run_at <= now()')).rows.length > 0)
      await sleep(10);
    return mails.mails.filter(({ recipients }) => recipients.includes(email)).length;
  };

  /** Whatever the database keeps of secrets is a secret too. */
  const learnFromDatabase = async (): Promise<void> => {
    const { rows } = await db.query<Record<string, string | null>>(
      `SELECT hashed_password, NULL AS token_hash, NULL AS nonce FROM account_credentials
       UNION ALL SELECT NULL, hash, NULL FROM one_time_tokens UNION ALL SELECT NULL, NULL, nonce FROM account_sessions`,
    );
    for (const [column, value] of rows.flatMap((row) => Object.entries(row))) {
      if (value) canaries.add(`column ${column}`, value);
    }
  };

  /** Changes the e-mail of an account, there and back again, with what goes wrong. */
  const changeEmail = async (former: string, password: string): Promise<void> => {
    const other = `other-${former}`;
    const before = await outboxEmpty(former);
    const { token } = (await login(former, password)).body.meta;
    const wrong = canaries.add('wrong password', canary());
    await send('POST', '/auth/reauthenticate', { token, body: { password: wrong } });
    await send('POST', '/auth/reauthenticate', { token, body: { password } });
    await send('POST', '/account/email', { token, body: { email: other } });
    const proof = await mailed(other, 1);
    await learnFromDatabase();
    // The page has the token in its form.
    expect((await fetch(`${url}/confirm-email?token=${proof}`)).status).toBe(200);
    await send('GET', `/revert-email?token=${proof}`, { headers: { referer: `https://x/?token=${proof}` } });
    await send('GET', `/account/email/confirm?token=${proof}`);
    await send('POST', '/account/email/confirm', { body: { token: proof, extra: proof } });
    await send('POST', '/account/email/revert', { body: { token: proof } });
    await send('POST', `/account/email/confirm?token=${proof}`, { body: { token: proof } });
    await send('POST', '/account/email/confirm', { body: { token: proof } });
    const notice = await mailed(former, before + 1);
    await send('POST', '/account/email/confirm', { body: { token: notice } });
    await send('POST', '/account/email', { token, body: { email: former } });
    const { status } = await send('POST', '/account/email/confirm', {
      body: { token: await mailed(former, before + 2) },
    });
    expect(status).toBe(204);
  };

  /** Everything that people do, and what goes wrong when they do it. */
  const useEverything = async (): Promise<void> => {
    const root = (await login('root@example.com', adminPassword)).body.meta.token;
    const email = `${randomUUID()}@example.com`;
    const [first, second, third, wrong] = [canary(), canary(), canary(), canary()];
    for (const password of [first, second, third]) canaries.add('password', password);
    canaries.add('wrong password', wrong);
    const document = { data: { type: 'iam:accounts', attributes: { name: 'Ada', email } } };
    const { id } = (await send('POST', '/accounts', { token: root, body: document })).body.data;
    const outdated = await mailed(email, 1);
    await send('POST', `/accounts/${id}/resend_invitation`, { token: root });
    const invitation = await mailed(email, 2);
    await learnFromDatabase();
    await send('PATCH', `/accounts/${outdated}/join`, { body: { password: first } });
    await send('PATCH', `/accounts/${invitation}/join`, { body: { password: 'weak', name: first } });
    for (const path of [
      `/accounts/${invitation}/join/`,
      `/accounts/${invitation}/joins`,
      `/accounts/${invitation}/join?x=${invitation}`,
    ]) {
      await send('PATCH', path, { body: { password: first } });
      await send('GET', path);
    }
    await send('GET', `/accounts/${invitation}/invitation`);
    await send('PATCH', `/accounts/${invitation}/join`, { headers: { prefer: 'return=representation' } });
    await send('POST', '/account/passwords/request_reset', { body: { email } });
    const reset = await mailed(email, 3);
    await learnFromDatabase();
    await send('GET', `/account/passwords/token_valid?token=${reset}`);
    await send('GET', `/account/passwords/token_valid?token=${reset}&token=${reset}`);
    await send('GET', `/accounts?filter%5Bpassword_reset_token%5D=${reset}&count=true&page%5Bsize%5D=1`, {
      token: root,
    });
    await send('POST', '/account/passwords/reset', { body: { token: reset, password: first, extra: wrong } });
    await send('POST', '/account/passwords/reset', { body: { token: reset, password: wrong.toLowerCase() } });
    await send('POST', '/account/passwords/reset', { body: { token: reset, password: first } });
    await send('POST', '/account/passwords/reset', { body: { token: reset, password: second } });

    const { token, refresh_token: refreshToken } = (await login(email, first)).body.meta;
    await login(email, wrong);
    await login(wrong, first);
    await send('POST', '/auth/login', { body: `{"email":"${email}","password":"${first}` });
    await send('POST', '/auth/login', { body: `{"password":"${first}","email":${wrong}}` });
    await send('POST', `/auth/login?password=${first}`, { body: {} });
    await send('POST', '/auth/login', { body: first, headers: { 'content-type': 'text/plain' } });
    await send('GET', '/auth/me', {
      headers: { authorization: `Basic ${Buffer.from(`${email}:${first}`).toString('base64')}` },
    });
    await send('GET', '/auth/me', {
      headers: { authorization: `Bearer ${first}`, referer: `https://x/?token=${reset}` },
    });
    await learnFromDatabase();
    const { rows } = await db.query<{ nonce: string }>('SELECT nonce FROM account_sessions WHERE account_id = $1', [
      id,
    ]);
    for (const path of [
      '/auth/me',
      '/accounts',
      `/accounts/${id}?included=account_sessions,organizations`,
      `/account_sessions?filter%5Bnonce%5D=${rows[0]?.nonce}&included=account&count=true`,
      `/account_sessions?filter%5Bnonce%5D=${rows[0]?.nonce}&sort=nonce`,
      '/organizations',
    ]) {
      await send('GET', path, { token });
      await send('GET', path, { token: root });
    }
    const write = (attributes: object) => ({ data: { type: 'iam:accounts', id, attributes } });
    for (const name of ['password', 'hashed_password', 'password_reset_token', 'invitation_token']) {
      await send('PATCH', `/accounts/${id}`, { token, body: write({ [name]: wrong }) });
    }
    await send('PATCH', `/accounts/${id}`, { token, body: write({ name: 'Ada Lovelace' }) });
    const change = (current: string, next: string) => ({ current_password: current, new_password: next });
    await send('POST', '/account/passwords/change', { token, body: change(wrong, second) });
    await send('POST', '/account/passwords/change', { token, body: change(first, wrong.toLowerCase()) });
    await send('POST', '/account/passwords/change', { token, body: change(first, second) });
    const successor = (await send('POST', '/auth/refresh', { body: { refresh_token: refreshToken } })).body.meta
      .refresh_token;
    await send('POST', '/auth/refresh', { body: { refresh_token: successor } });
    await send('POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
    const { cookies } = await login(email, second, true);
    const cookie = Object.entries(cookies)
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
    await send('GET', '/auth/refresh', { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
    await send('POST', '/auth/refresh', { headers: { cookie, origin: 'https://evil.example.net' } });
    await send('POST', '/auth/logout', { headers: { cookie } });
    await changeEmail(email, second);
    await send('GET', '/audit_events', { token: root });
    for (const path of ['/openapi.json', '/health/live', '/health/ready', '/.well-known/jwks.json'])
      await send('GET', path);

    const mailsBefore = await outboxEmpty(email);
    // A defect, and a database that goes away, with secrets as the parameters of the statements that fail.
    const live = (await login(email, second)).body.meta.refresh_token;
    await send('POST', '/account/passwords/request_reset', { body: { email } });
    const unspent = await mailed(email, mailsBefore + 1);
    await learnFromDatabase();
    const renamed = [
      ['account_credentials', 'hashed_password'],
      ['one_time_tokens', 'expires_at'],
      ['account_sessions', 'refreshed_at'],
    ];
    for (const [table, column] of renamed) await db.query(`ALTER TABLE ${table} RENAME COLUMN ${column} TO ${column}_`);
    const failing = [
      await login(email, third),
      await send('POST', '/account/passwords/change', { token: root, body: change(adminPassword, third) }),
      await send('POST', '/auth/refresh', { body: { refresh_token: live } }),
      await send('POST', '/account/passwords/reset', { body: { token: unspent, password: third } }),
      await send('GET', `/account/passwords/token_valid?token=${unspent}`),
    ];
    for (const [table, column] of renamed) await db.query(`ALTER TABLE ${table} RENAME COLUMN ${column}_ TO ${column}`);
    expect(failing.map(({ status }) => status)).toEqual([500, 500, 500, 500, 500]);
    await db.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await Promise.all(Array.from({ length: 10 }, () => login(email, second)));
  };

  it('#15 stand in no answer and in no line of the log, at its finest level', async () => {
    await useEverything();
    expect(leaks).toEqual([]);
    await service.stop();
    const { output } = service;
    expect(output).toContain('PATCH /accounts/{token}/join');
    expect(output).toMatch(/internal_error|Internal error/);
    expect(output.split('\n').length).toBeGreaterThan(80);
    expect(canaries.in(output)).toEqual([]);
  });

  it('#15 that were made for development do not start production, and the error does not contain them', async () => {
    const { appSecrets, jwtPrivateKey } = loadConfig({ DATA_DIR: dataDir });
    const production = ServiceProcess.start({
      NODE_ENV: 'production',
      DATA_DIR: dataDir,
      DATABASE_URL: 'postgres://iam:Canary-in-a-url@127.0.0.1:1/iam',
      APP_URL: 'https://iam.example.com',
      MAIL_URL: 'smtp://iam:Canary-in-a-url@127.0.0.1:1',
      APP_SECRET: appSecrets[0] ?? '',
      JWT_PRIVATE_KEY: jwtPrivateKey,
      BCRYPT_COST: '4',
    });
    expect(await production.exitCode()).toBe(1);
    const { output } = production;
    for (const problem of [
      'APP_SECRET is the development secret',
      'JWT_PRIVATE_KEY is the development secret',
      'BCRYPT_COST',
    ]) {
      expect(output).toContain(problem);
    }
    expect(output).not.toContain('Canary');
    expect(output).not.toContain(appSecrets[0]);
    expect(output).not.toContain(jwtPrivateKey.split('\n')[1]);
  });
});
