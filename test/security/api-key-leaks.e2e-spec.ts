import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PinoLogger } from 'nestjs-pino';
import { symbols } from 'pino';
import type { OpenTelemetry } from '../../src/tracing/open-telemetry.js';
import { Tracing } from '../../src/tracing/tracing.js';
import { mailsTo } from '../accounts/mails.js';
import { keyOf, type TestKey } from '../api-keys/keys.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document } from '../support/client.js';
import { PASSWORD, signedIn, type SignedIn } from '../support/factories.js';
import { Collector } from '../tracing/collector.js';

/** What is random in a key, but for its end, which its label shows. */
const canaryOf = (key: string): string => key.slice(14, 57);

describe('An API key', () => {
  const lines: string[] = [];
  let collector: Collector;
  let app: TestApp;
  let user: SignedIn & ReturnType<typeof as>;
  let key: TestKey;

  beforeAll(async () => {
    collector = await Collector.start();
    app = await startApp({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, LOG_LEVEL: 'fatal' } });
    collector.hurry = () => (app.nest.get(Tracing) as OpenTelemetry)['provider'].forceFlush();
    const logger = PinoLogger.root as typeof PinoLogger.root & { [symbols.streamSym]: object };
    logger[symbols.streamSym] = { write: (line: string) => lines.push(line) };
    logger.level = 'trace';
    user = await signedIn(app);
    key = await keyOf(app, user, ['iam:accounts.read.own']);
  });
  afterAll(async () => {
    await app.stop();
    await collector.stop();
  });

  /** Sends a request, and gives the status, what was answered, and the lines that were logged. */
  async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: unknown) {
    const before = lines.length;
    const response = await fetch(app.url + path, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = `${await response.text()}\n${[...response.headers].join('\n')}`;
    for (let wait = 0; lines.length === before && wait < 200; wait++) await new Promise((done) => setTimeout(done, 5));
    return { status: response.status, text, logged: lines.slice(before).join('') };
  }

  type Place = readonly [method: string, path: string, headers?: Record<string, string>, body?: unknown];
  it.each<readonly [string, (key: string, token: string) => Place]>([
    ['the path', (text) => ['GET', `/${text}`]],
    ['a place of the path', (text) => ['GET', `/api_keys/${text}`, { authorization: `Bearer ${user.token}` }]],
    ['the path, percent-encoded', (text) => ['GET', `/api_keys/${text.replace(/./g, hex)}`]],
    ['the path, beside other text', (text) => ['GET', `/accounts/x.${text}.y/join`]],
    ['the query', (text) => ['GET', `/auth/me?access_token=${text}`]],
    ['a filter', (text, authorization) => ['GET', `/accounts?filter[status]=${text}`, { authorization }]],
    ['a sort', (text, authorization) => ['GET', `/api_keys?sort=${text}&include=${text}`, { authorization }]],
    ['X-Api-Key', (text) => ['GET', '/auth/me', { 'x-api-key': text }]],
    ['Authorization as another scheme', (text) => ['GET', '/auth/me', { authorization: `Token ${text}` }]],
    ['Authorization with one character more', (text) => ['GET', '/auth/me', { authorization: `Bearer ${text}x` }]],
    ['Cookie', (text) => ['GET', '/auth/me', { cookie: `auth-token=${text}; other=${text}` }]],
    ['User-Agent', (text) => ['GET', '/auth/me', { 'user-agent': `deploy/${text}` }]],
    ['Referer', (text) => ['GET', '/auth/me', { referer: `https://ci.example.com/?key=${text}` }]],
    ['Origin', (text) => ['GET', '/auth/me', { origin: `https://${text}.example.com` }]],
    ['X-Request-Id', (text) => ['GET', '/auth/me', { 'x-request-id': text }]],
    ['traceparent', (text) => ['GET', '/auth/me', { traceparent: text, tracestate: `a=${text}` }]],
    ['Prefer', (text) => ['GET', '/auth/me', { prefer: `return=${text}` }]],
    ['If-Match', (text, authorization) => ['GET', '/api_keys', { authorization, 'if-match': `"${text}"` }]],
    ['Content-Type', (text) => ['POST', '/auth/login', { 'content-type': `text/${text}` }]],
    ['a sign-in', (text) => ['POST', '/auth/login', {}, { email: `${text}@example.com`, password: text }]],
    ['a body that is no JSON', (text) => ['POST', '/auth/login', {}, `{"email": ${text}`]],
    ['a member of a body', (text) => ['POST', '/auth/login', {}, { [text]: text }]],
    ['the token endpoint', (text) => ['POST', '/auth/token', {}, `client_secret=${text}`]],
  ])('in %s stands in no line of the log', async (_, request) => {
    const { logged, status } = await ask(...request(key.key, `Bearer ${user.token}`));
    expect([status, logged]).not.toEqual([status, '']);
    expect(logged).not.toContain(canaryOf(key.key));
    expect(decodeURIComponent(logged.replace(/%(?![\da-f]{2})/gi, ''))).not.toContain(canaryOf(key.key));
  });

  it('in a User-Agent is neither stored nor mailed', async () => {
    // Those who joined just now get no mail about a sign-in.
    await app.sql(`UPDATE accounts SET joined_at = now() - interval '1 day' WHERE id = $1`, [user.account.id]);
    const body = { email: user.account.email, password: PASSWORD };
    const { status } = await ask('POST', '/auth/login', { 'user-agent': `Deploy/1.0 (${key.key})` }, body);
    expect(status).toBe(200);
    const agents = await app.sql<{ agent: string }>(`SELECT user_agent AS agent FROM account_sessions
      WHERE account_id = '${user.account.id}' AND user_agent LIKE 'Deploy%'`);
    expect(agents).toEqual([{ agent: 'Deploy/1.0 ({token})' }]);
    const mails = await mailsTo(app, user.account.email);
    expect(mails[0]?.parsed.text).toContain('Deploy 1.0');
    expect(mails.map(({ parsed }) => `${parsed.text}${String(parsed.html)}`).join('')).not.toContain(canaryOf(key.key));
  });

  it('stands in no line, span, error or row when it is made, used, rotated and exchanged, and when that fails', async () => {
    const body = document('iam:api_keys', { name: 'Once', permissions: ['iam:accounts.read.own'] });
    const once = { 'idempotency-key': 'leaks-1' };
    const made = await user.post('/api_keys', body, once);
    const keys = [key.key, made.body.meta.key as string];
    expect((await user.post('/api_keys', body, once)).body.meta).toBeUndefined();
    const rotated = await user.post(
      `/api_keys/${key.id}/rotate`,
      { overlap_seconds: 60 },
      { 'idempotency-key': 'leaks-2' },
    );
    keys.push(rotated.body.meta.key as string);
    for (const one of keys) expect((await as(app, one).get('/auth/me')).status).toBe(200);
    const exchange = () =>
      fetch(`${app.url}/auth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: key.id,
          client_secret: keys[0] ?? '',
        }),
      });
    expect((await exchange()).status).toBe(200);
    await app.sql('ALTER TABLE api_key_secrets RENAME COLUMN hash TO hash_');
    const fresh = await startApp({ beside: app });
    const failed = [
      await user.post('/api_keys', body),
      await as(fresh, keys[1] ?? '').get('/auth/me'),
      await user.post(`/api_keys/${key.id}/rotate`),
    ];
    await app.sql('ALTER TABLE api_key_secrets RENAME COLUMN hash_ TO hash');
    await fresh.stop();
    for (const { status, text } of failed) {
      expect(status).toBeGreaterThanOrEqual(500);
      for (const one of keys) expect(text).not.toContain(canaryOf(one));
    }
    await collector.span(({ name }) => name === 'POST /auth/token');
    await collector.hurry();
    expect(lines.length).toBeGreaterThan(10);
    const tables = await app.sql<{ name: string }>(
      `SELECT quote_ident(schemaname) || '.' || quote_ident(relname) AS name FROM pg_stat_user_tables`,
    );
    for (const canary of keys.map(canaryOf)) {
      expect(lines.join('')).not.toContain(canary);
      expect(collector.text).not.toContain(canary);
      for (const { name } of tables) {
        const found = await app.sql(`SELECT FROM ${name} AS row WHERE to_jsonb(row)::text LIKE '%' || $1 || '%'`, [
          canary,
        ]);
        expect([name, found.length]).toEqual([name, 0]);
      }
    }
  });
});

const hex = (character: string): string => `%${character.charCodeAt(0).toString(16)}`;
