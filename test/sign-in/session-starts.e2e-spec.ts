import { Body, Controller, HttpCode, Module, type OnModuleInit, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SecondFactors } from '../../src/auth/authentication/second-factors.repository.js';
import { Public } from '../../src/auth/authorization/actor.js';
import { SessionRestrictions } from '../../src/auth/sessions/session-restrictions.js';
import { Audit } from '../../src/events/audit.js';
import { apiError } from '../../src/json-api/document/errors.js';
import { FALSE, sql, type Sql } from '../../src/json-api/sql/sql.js';
import { OutboxWorker } from '../../src/outbox/outbox.worker.js';
import { BrowserSessions } from '../../src/sign-in/sign-in.service.js';
import { SignInRequirements } from '../../src/sign-in/session-starts.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf } from '../support/client.js';
import { account } from '../support/factories.js';
import { cookiesOf } from './browser.js';
import { sessionIds } from './sessions.js';

/** Another way to sign in: by knowing the account's id. */
@Controller('by-id')
class ByIdController {
  private readonly spent = new Set<string>();

  constructor(private readonly browsers: BrowserSessions) {}

  @Post()
  @Public()
  @HttpCode(200)
  async signIn(
    @Body() { id }: { id: string },
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const spend = async (): Promise<void> => {
      if (this.spent.has(id)) throw apiError('invalid_credentials', 'Once only');
      this.spent.add(id);
    };
    const { actor } = await this.browsers.start(request, reply, { accountId: id, amr: ['hwk', 'mfa'], spend });
    return { id: actor.id };
  }
}

/** Keeps some accounts out, and records that it did. */
@Module({ controllers: [ByIdController] })
class OwnModule implements OnModuleInit {
  constructor(
    private readonly requirements: SignInRequirements,
    private readonly audit: Audit,
    private readonly restrictions: SessionRestrictions,
  ) {}

  onModuleInit(): void {
    this.requirements.register({
      concerns: ({ emailKey }) => sql`starts_with(${emailKey}, 'late-')`,
      unmet: async (tx, { account: { id } }) => {
        const target = { type: 'iam:accounts', id };
        await this.audit.record(tx, { action: 'iam:account_auths.sign_in_failed', actorId: null, target });
        return apiError('forbidden', 'Come back later');
      },
    });
    this.restrictions.register({
      ofEmail: async (emailKey) => (emailKey.endsWith('@closed.example') ? apiError('forbidden', 'Closed') : null),
      concerns: (emailKey) => sql`${emailKey} LIKE '%@closed.example'`,
      stops: () => FALSE,
    });
  }
}

describe('Every session', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ extension: { modules: [OwnModule] } });
  });
  afterAll(() => app.stop());

  const login = ({ email, password }: { email: string; password: string }) =>
    as(app).post('/auth/login', { email, password });
  const trail = async (accountId: string): Promise<string[]> => {
    const rows = await app.sql<{ action: string }>(
      `SELECT event.action FROM audit_events event LEFT JOIN account_sessions session ON session.id = event.target_id::uuid
       WHERE event.target_id = $1 OR session.account_id = $1::uuid ORDER BY event.id`,
      [accountId],
    );
    return rows.map(({ action }) => action);
  };

  it('starts the same way, whatever proves who a person is', async () => {
    const user = await account(app);
    const response = await as(app).post('/by-id', { id: user.id });
    expect(response.status).toBe(200);
    const [session] = await app.sql<{ amr: string[] }>('SELECT amr FROM account_sessions WHERE account_id = $1', [
      user.id,
    ]);
    expect(session?.amr).toEqual(['hwk', 'mfa']);
    expect(await trail(user.id)).toEqual(['iam:account_auths.signed_in']);
    expect(cookiesOf(response)['device']).toBeDefined();
  });

  it('does not start when the proof was used before', async () => {
    const user = await account(app);
    await as(app).post('/by-id', { id: user.id });
    expect(errorsOf(await as(app).post('/by-id', { id: user.id }))).toEqual(['401 invalid_credentials']);
    expect(await sessionIds(app, user.id)).toHaveLength(1);
  });

  it.each(['password', 'id'])('needs what a module requires, also by %s; what that wrote stays', async (way) => {
    const user = await account(app, { email: `late-${way}@example.com` });
    const response = way === 'id' ? await as(app).post('/by-id', { id: user.id }) : await login(user);
    expect(errorsOf(response)).toEqual(['403 forbidden']);
    expect(await sessionIds(app, user.id)).toEqual([]);
    expect(cookiesOf(response)).toEqual({});
    expect(await trail(user.id)).toEqual(['iam:account_auths.sign_in_failed']);
  });

  it.each(['disabled', 'without a role'])('needs an account that is not %s', async (state) => {
    const user = await account(app, state === 'disabled' ? { enabled: false } : { role: 'removed' });
    expect(errorsOf(await as(app).post('/by-id', { id: user.id }))).toEqual(['401 account_disabled']);
    expect(await trail(user.id)).toEqual(['iam:account_auths.sign_in_failed']);
  });

  it('needs an e-mail that no module turns away, whether or not there is such an account', async () => {
    const user = await account(app, { email: 'anna@closed.example' });
    const answers = await Promise.all([login(user), login({ ...user, email: 'nobody@closed.example' })]);
    expect(answers.map(errorsOf)).toEqual([['403 forbidden'], ['403 forbidden']]);
  });

  describe('needs what is registered after the first one too:', () => {
    beforeAll(async () => {
      expect((await login(await account(app))).status).toBe(200);
    });

    it('an e-mail that is not turned away', async () => {
      app.nest.get(SessionRestrictions).register({
        ofEmail: async () => apiError('forbidden', 'Closed'),
        concerns: (emailKey) => sql`${emailKey} = 'closed@later.example'`,
        stops: () => FALSE,
      });
      const user = await account(app, { email: 'closed@later.example' });
      expect(errorsOf(await login(user))).toEqual(['403 forbidden']);
    });

    it('a second factor, by a condition', async () => {
      app.nest.get(SecondFactors).requireWhere((id) => isCalled(id, 'Requires one'));
      const { body } = await login(await account(app, { name: 'Requires one' }));
      const response = await as(app, body.meta.token).get('/accounts');
      expect(errorsOf(response)).toEqual(['403 mfa_enrolment_required']);
    });

    it('a second factor that the account has', async () => {
      app.nest.get(SecondFactors).register({
        name: 'later',
        member: 'code',
        demanded: 'always',
        enrolment: null,
        provesAlone: false,
        isHeldBy: (id) => isCalled(id, 'Has one'),
        verify: async () => ({ amr: [], spend: async () => undefined }),
        removeAll: async () => undefined,
      });
      expect(errorsOf(await login(await account(app, { name: 'Has one' })))).toEqual(['401 mfa_required']);
    });
  });
});

describe('The owner of an account that signs in on a new device', () => {
  it.each([
    ['is mailed', 'true', ['mail.new_sign_in']],
    ['is not mailed without NEW_SIGN_IN_MAIL', 'false', []],
  ])('%s', async (_, wanted, queued) => {
    const app = await startApp({ env: { NEW_SIGN_IN_MAIL: wanted } });
    try {
      await app.nest.get(OutboxWorker, { strict: false }).onModuleDestroy();
      const { id, email, password } = await account(app);
      await app.sql(`UPDATE accounts SET joined_at = now() - interval '1 day' WHERE id = $1`, [id]);
      expect((await as(app).post('/auth/login', { email, password })).status).toBe(200);
      const jobs = await app.sql<{ task: string }>('SELECT task_identifier AS task FROM graphile_worker.jobs');
      expect(jobs.map(({ task }) => task)).toEqual(queued);
    } finally {
      await app.stop();
    }
  });
});

/** The condition that an account has this name. @param account its id */
const isCalled = (account: Sql, name: string): Sql =>
  sql`${account} IN (SELECT named.id FROM accounts named WHERE named.name = ${name})`;
