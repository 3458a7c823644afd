import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, HttpException, Logger, Module } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { symbols } from 'pino';
import { DataSource } from 'typeorm';
import { Public } from '../../src/auth/authorization/actor.js';
import { Transactions } from '../../src/json-api/sql/sql.js';
import { MailModule } from '../../src/mail/mail.module.js';
import { OutboxHandlers } from '../../src/outbox/outbox.handlers.js';
import { Outbox } from '../../src/outbox/outbox.js';
import type { OpenTelemetry } from '../../src/tracing/open-telemetry.js';
import { Tracing } from '../../src/tracing/tracing.js';
import { mailedToken } from '../accounts/mails.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, send } from '../support/client.js';
import { account, admin, organization, PASSWORD, signIn } from '../support/factories.js';
import { remoteSpan, Collector, type Span } from './collector.js';

const CANARY = 'canary-0815';

declare module '../../src/outbox/outbox.tasks.js' {
  interface OutboxTasks {
    'tests.log': { text: string };
  }
}

/** Things that go wrong, and one that says a value in the text of its statement. */
@Controller('failing')
@Public()
class FailingController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
  ) {}

  onModuleInit(): void {
    this.handlers.register('tests.log', async ({ text }) => new Logger('Test').log(text));
  }

  @Get('defect')
  defect(): never {
    throw new Error(CANARY);
  }

  @Get('away')
  away(): never {
    throw new HttpException('away', 503);
  }

  @Get('statement')
  async statement(): Promise<void> {
    await this.dataSource.query(`SELECT '${CANARY}'::uuid -- ${CANARY}`);
  }

  @Get('slow')
  async slow(): Promise<void> {
    await sleep(300);
  }

  @Get('job')
  async job(): Promise<void> {
    await this.transactions.run((tx) => this.outbox.enqueue(tx, 'tests.log', { text: 'inside of a job' }));
  }

  @Get('log')
  log(): object {
    new Logger('Test').log('inside');
    return {};
  }
}

@Module({ imports: [MailModule], controllers: [FailingController] })
class FailingModule {}

describe('A service that is traced', () => {
  const lines: string[] = [];
  let collector: Collector;
  let app: TestApp;

  beforeAll(async () => {
    collector = await Collector.start();
    app = await startApp({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20secret,x-tenant=acme',
        OTEL_SERVICE_NAME: 'iam-test',
        TRUSTED_PROXIES: '127.0.0.1',
        LOG_LEVEL: 'fatal',
      },
      extension: { modules: [FailingModule] },
    });
    const tracing = app.nest.get(Tracing) as OpenTelemetry;
    collector.hurry = () => tracing['provider'].forceFlush();
    const logger = PinoLogger.root as typeof PinoLogger.root & { [symbols.streamSym]: object };
    logger[symbols.streamSym] = { write: (line: string) => lines.push(line) };
    logger.level = 'info';
  });
  afterAll(async () => {
    await app.stop();
    await collector.stop();
  });

  /** Sends a request as part of a trace of its own; gives what it was answered, its span, and the spans below. */
  async function traced(method: string, path: string, options: Parameters<typeof send>[3] = {}) {
    const { traceId, spanId, traceparent } = remoteSpan();
    const response = await send(app, method, path, { ...options, headers: { ...options.headers, traceparent } });
    const span = await collector.span((one) => one.traceId === traceId && one.kind === 'server');
    const below = collector.trace(traceId).filter((one) => one.kind !== 'server');
    return { response, span, below, traceId, remoteSpanId: spanId };
  }

  describe('gives each request a span', () => {
    it('with the template of its route, its status and what else the semantic conventions ask for', async () => {
      const { token } = await admin(app);
      const id = await organization(app);
      const { span } = await traced('GET', `/organizations/${id}?fields[iam:organizations]=name`, { token });
      expect(span).toMatchObject({ name: 'GET /organizations/{resource_id}', kind: 'server', failed: false });
      expect(span.attributes).toEqual({
        'http.request.method': 'GET',
        'http.route': '/organizations/{resource_id}',
        'http.response.status_code': 200,
        'url.scheme': 'http',
        'network.protocol.version': '1.1',
        'server.address': '127.0.0.1',
        'server.port': Number(new URL(app.url).port),
      });
      expect(span.resource).toMatchObject({ 'service.name': 'iam-test', 'service.instance.id': expect.any(String) });
      expect(collector.text).not.toContain(id);
    });

    it('that continues the trace of the client', async () => {
      const { span, remoteSpanId } = await traced('GET', '/accounts');
      expect(span.parentSpanId).toBe(remoteSpanId);
    });

    it.each(['', 'nonsense', '00-00000000000000000000000000000000-00f067aa0ba902b7-01', `00-${'a'.repeat(32)}-1-01`])(
      'that begins a trace where the client sends traceparent: %s',
      async (traceparent) => {
        const before = collector.spans.length;
        await send(app, 'GET', '/roles-that-are-not-there', { headers: { traceparent } });
        const isNew = (span: Span): boolean => collector.spans.indexOf(span) >= before && span.kind === 'server';
        const span = await collector.span(isNew);
        expect(span.traceId).toMatch(/^(?!0+$)(?!a+$)[0-9a-f]{32}$/);
        expect(span.parentSpanId).toBeUndefined();
      },
    );

    it('only where the client samples its trace', async () => {
      const { traceId, traceparent } = remoteSpan();
      await send(app, 'GET', '/accounts', { headers: { traceparent: traceparent.replace(/01$/, '00') } });
      await traced('GET', '/accounts');
      expect(collector.trace(traceId)).toEqual([]);
    });

    it('without a route where there is none, and without the text of the address in any case', async () => {
      const { span } = await traced('GET', '/nowhere/canary-path?x=canary-query');
      expect(span).toMatchObject({ name: 'GET', failed: false });
      expect(span.attributes).toMatchObject({ 'http.response.status_code': 404 });
      expect(span.attributes).not.toHaveProperty(['http.route']);
      await traced('PATCH', '/accounts/canary-token/join', { body: {} });
      expect(collector.text).not.toMatch(/canary-(path|query|token)/);
    });

    it('that has failed where the service has, and not where the client has', async () => {
      const defect = await traced('GET', '/failing/defect');
      expect(defect.span).toMatchObject({ name: 'GET /failing/defect', failed: true });
      expect(defect.span.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': '500' });
      expect((await traced('GET', '/failing/away')).span).toMatchObject({ failed: true });
      expect((await traced('GET', '/accounts')).span).toMatchObject({ failed: false });
      expect(collector.text).not.toContain(CANARY);
    });

    it('but for the health checks, which come for ever', async () => {
      await send(app, 'GET', '/health/ready');
      await traced('GET', '/accounts');
      expect(collector.spans.filter(({ name }) => name.includes('health'))).toEqual([]);
    });

    it('also where the client has gone before the answer', async () => {
      const { traceId, traceparent } = remoteSpan();
      const signal = AbortSignal.timeout(100);
      await expect(fetch(`${app.url}/failing/slow`, { headers: { traceparent }, signal })).rejects.toThrow();
      const span = await collector.span((one) => one.traceId === traceId);
      expect(span).toMatchObject({ name: 'GET /failing/slow', failed: false });
      expect(span.attributes).not.toHaveProperty(['http.response.status_code']);
    });

    it('whose id stands in the lines that are logged for it', async () => {
      const { traceId } = await traced('GET', '/failing/log');
      const logged = lines.map((line) => JSON.parse(line)).filter((line) => line.trace_id === traceId);
      expect(logged.map(({ msg }) => msg)).toEqual(['inside', 'GET /failing/log 200']);
    });
  });

  describe('gives each statement a span', () => {
    it('below that of its request, with its text and without its values', async () => {
      const { token } = await admin(app);
      const { id, email } = await account(app, { name: 'Canary Name', email: 'canary@example.com' });
      const { span, below, response } = await traced('GET', `/accounts?filter[email]=${email}`, { token });
      expect(response.body.data).toMatchObject([{ id }]);
      expect(below.length).toBeGreaterThan(0);
      for (const statement of below) {
        expect(statement).toMatchObject({ kind: 'client', parentSpanId: span.spanId, failed: false });
        expect(statement.attributes).toMatchObject({
          'db.system.name': 'postgresql',
          'db.namespace': new URL(app.databaseUrl).pathname.slice(1),
          'db.operation.name': expect.stringMatching(/^(SELECT|WITH)$/),
          'server.port': Number(new URL(app.databaseUrl).port),
        });
      }
      expect(below.map(({ attributes }) => attributes['db.query.text']).join()).toMatch(/FROM "?accounts"?.*\$1/);
      expect(collector.text).not.toContain(id);
      expect(collector.text).not.toContain(email);
    });

    it('also of a request with a body, from the start of its transaction to its end', async () => {
      const { token } = await admin(app);
      const body = document('iam:organizations', { name: 'Canary Organization' });
      const { span, below } = await traced('POST', '/organizations', { token, body });
      const operations = below.map(({ attributes }) => attributes['db.operation.name']);
      expect(operations).toEqual(expect.arrayContaining(['START', 'INSERT', 'COMMIT']));
      expect(new Set(below.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([span.spanId]));
      expect(collector.text).not.toContain('Canary Organization');
    });

    it('without literals of its text, and without the message of PostgreSQL', async () => {
      const { below } = await traced('GET', '/failing/statement');
      expect(below).toMatchObject([
        {
          failed: true,
          attributes: { 'db.query.text': 'SELECT ?::uuid', 'error.type': '22P02', 'db.response.status_code': '22P02' },
        },
      ]);
      expect(collector.text).not.toContain(CANARY);
    });

    it('but not for those that recur without a request', () => {
      expect(collector.spans.filter((span) => span.kind === 'client' && span.parentSpanId === undefined)).toEqual([]);
      expect(collector.text).not.toContain('auth_changes WHERE created_at');
    });
  });

  describe('gives each job of the outbox a span', () => {
    it('linked to the request that queued it, with its statements below', async () => {
      const { token } = await admin(app);
      const attributes = { name: 'Jane', email: 'jane-canary@example.com', role_name: 'user', role_scope: {} };
      const { span, traceId, response } = await traced('POST', '/accounts', {
        token,
        body: document('iam:accounts', attributes),
      });
      expect(response.status).toBe(200);
      const job = await collector.span(({ links }) => links.some((link) => link.traceId === traceId));
      expect(job).toMatchObject({ name: 'process mail.invitation', kind: 'consumer', failed: false });
      expect(job.links).toMatchObject([{ traceId, spanId: span.spanId }]);
      expect(job).toMatchObject({ parentSpanId: undefined, traceId: expect.not.stringContaining(traceId) });
      expect(job.attributes).toMatchObject({
        'messaging.system': 'graphile_worker',
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'mail.invitation',
        'iam.job.attempt': 1,
      });
      const statements = collector.trace(job.traceId).filter(({ kind }) => kind === 'client');
      expect(statements.length).toBeGreaterThan(0);
      expect(new Set(statements.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([job.spanId]));
    });

    it('whose id stands in the lines that are logged for it', async () => {
      const { traceId } = await traced('GET', '/failing/job');
      const job = await collector.span(({ links }) => links.some((link) => link.traceId === traceId));
      const logged = lines.map((line) => JSON.parse(line)).filter((line) => line.trace_id === job.traceId);
      expect(logged.map(({ msg }) => msg)).toEqual(['inside of a job']);
    });

    it('that has failed when the job has, without what the relay said', async () => {
      app.mails.rejectWith = 550;
      try {
        const { email } = await account(app);
        await traced('POST', '/account/passwords/request_reset', { body: { email } });
        const job = await collector.span(({ kind, failed }) => kind === 'consumer' && failed);
        expect(job.attributes).toMatchObject({ 'error.type': expect.stringMatching(/^\w+$/) });
        expect(collector.text).not.toContain(email);
      } finally {
        app.mails.rejectWith = null;
      }
    });
  });

  it('sends no password, token or e-mail whatever is requested', async () => {
    const { token } = await admin(app);
    const email = 'guest-canary@example.com';
    const attributes = { name: 'Guest', email, role_name: 'user', role_scope: {} };
    await traced('POST', '/accounts', { token, body: document('iam:accounts', attributes) });
    const invitation = await mailedToken(app, email);
    const password = 'Canary-horse-7';
    await traced('PATCH', `/accounts/${invitation}/join`, { body: { password } });
    await traced('POST', '/auth/login', { body: { email, password: `${password}-wrong` } });
    const tokens = await signIn(app, { email, password });
    await traced('POST', '/auth/refresh', { body: { refresh_token: tokens.refreshToken } });
    await traced('POST', '/account/passwords/request_reset', { body: { email } });
    const reset = await mailedToken(app, email, 2);
    await traced('POST', '/account/passwords/reset', { body: { token: reset, password: PASSWORD } });
    await traced('GET', '/auth/me', { token });
    for (const secret of [invitation, password, reset, token, tokens.token, tokens.refreshToken, email, 'Guest']) {
      expect(collector.text).not.toContain(secret);
    }
    expect(collector.spans.filter(({ name }) => name === 'PATCH /accounts/{token}/join')).not.toEqual([]);
  });

  it('sends to the path and with the headers of the configuration', () => {
    expect(collector.requests.every(({ path }) => path === '/v1/traces')).toBe(true);
    expect(collector.requests[0]?.headers).toMatchObject({ 'api-key': 'a secret', 'x-tenant': 'acme' });
  });
});
