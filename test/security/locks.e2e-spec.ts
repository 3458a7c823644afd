import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { eventually } from '../outbox/outbox-fixture.js';
import { customRoles } from '../rights/roles.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, type ApiResponse } from '../support/client.js';
import { account, organization, signedIn, type SignedIn } from '../support/factories.js';

/** An answer that waits for a lock comes after 5 s at the earliest, when PostgreSQL cancels the statement. */
const AT_ONCE_MS = 2_500;

/** What decides about a row never takes it from others, nor waits for them. */
describe('A row that an actor may not change', () => {
  const roles = customRoles({
    roles: {
      // Reads every account, session and organization, and changes only what is their own.
      auditor: {
        rank: 15,
        rights: ['iam:accounts.read.*', 'iam:accounts.*.own', 'iam:account_sessions.read.*'].concat(
          'iam:account_sessions.delete.own',
          'iam:organizations.read.*',
          'iam:organizations.*.org',
        ),
      },
    },
  });
  let app: TestApp;
  let owner: SignedIn;
  let auditor: SignedIn;
  let own: string;
  let row: Readonly<Record<'account' | 'admin' | 'session' | 'organization', string>>;

  beforeAll(async () => {
    app = await startApp({ env: roles.env });
    own = await organization(app);
    const other = await organization(app);
    owner = await signedIn(app, { role: 'org_owner', org: [own] });
    auditor = await signedIn(app, { role: 'auditor', org: [own] });
    const victim = await signedIn(app, { org: [other] });
    const { id: admin } = await account(app, { role: 'admin', org: [other] });
    await account(app, { role: 'admin', org: [other] });
    const [session] = await app.sql<{ id: string }>('SELECT id FROM account_sessions WHERE account_id = $1', [
      victim.account.id,
    ]);
    row = { account: victim.account.id, admin, session: session?.id ?? '', organization: other };
  });
  afterAll(async () => {
    await app.stop();
    roles.remove();
  });

  /** Runs the work while another session holds every row of these tables. */
  async function whileLocked<Result>(work: () => Promise<Result>): Promise<Result> {
    const client = new Client({ connectionString: app.databaseUrl });
    await client.connect();
    try {
      await client.query('BEGIN');
      for (const table of ['accounts', 'organizations', 'account_sessions']) {
        // The actors' own rows are left out: their requests need them.
        const all = await client.query(`SELECT id FROM ${table} WHERE id <> ALL($1) FOR UPDATE`, [
          [owner.account.id, auditor.account.id, own],
        ]);
        expect(all.rowCount).toBeGreaterThan(0);
      }
      return await work();
    } finally {
      await client.query('ROLLBACK');
      await client.end();
    }
  }

  /** The transaction that locked each row last; `SELECT … FOR UPDATE` leaves its number in the row. */
  async function lockers(): Promise<unknown> {
    const tables = ['accounts', 'organizations', 'account_sessions'];
    const one = (table: string): string => `SELECT '${table}' AS name, id, xmax::text FROM ${table}`;
    return app.sql(`${tables.map(one).join(' UNION ALL ')} ORDER BY 1, 2`);
  }

  const accountWith = (attributes: Record<string, unknown>) => document('iam:accounts', attributes);
  const REQUESTS: Readonly<Record<string, (actor: SignedIn) => Promise<ApiResponse>>> = {
    'change of a name': ({ patch }) => patch(`/accounts/${row.account}`, accountWith({ name: 'Mallory' })),
    'disabling of an account': ({ patch }) => patch(`/accounts/${row.account}`, accountWith({ enabled: false })),
    'disabling of an admin': ({ patch }) => patch(`/accounts/${row.admin}`, accountWith({ enabled: false })),
    'demotion of an admin': ({ patch }) => patch(`/accounts/${row.admin}`, accountWith({ role_name: 'user' })),
    'deletion of an account': (actor) => actor.delete(`/accounts/${row.account}`),
    'deletion of an admin': (actor) => actor.delete(`/accounts/${row.admin}`),
    'invitation of an account': ({ post }) => post(`/accounts/${row.account}/resend_invitation`),
    'end of a session': (actor) => actor.delete(`/account_sessions/${row.session}`),
    'change of an organization': ({ patch }) =>
      patch(`/organizations/${row.organization}`, document('iam:organizations', { name: 'Taken over' })),
    'deletion of an organization': (actor) => actor.delete(`/organizations/${row.organization}`),
  };

  describe.each([
    ['who does not see it', () => owner, /^40[34] /],
    ['who sees it', () => auditor, /^403 /],
  ] as const)('by an actor %s', (_, actor, rejected) => {
    it.each(Object.keys(REQUESTS))('is rejected without waiting for its lock: %s', async (name) => {
      const began = performance.now();
      const response = await whileLocked(async () => REQUESTS[name]?.(actor()));
      expect(response && errorsOf(response)).toEqual([expect.stringMatching(rejected)]);
      expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    });

    it.each(Object.keys(REQUESTS))('is rejected without being locked: %s', async (name) => {
      const before = await lockers();
      const response = await REQUESTS[name]?.(actor());
      expect(response && errorsOf(response)).toEqual([expect.stringMatching(rejected)]);
      expect(await lockers()).toEqual(before);
    });
  });

  describe('because it left the scope while the request waited for it', () => {
    const email = (): unknown => ({ email: `${randomUUID()}@example.com` });
    it.each<[name: string, request: (actor: SignedIn, id: string) => Promise<ApiResponse>]>([
      ['change of a name', ({ patch }, id) => patch(`/accounts/${id}`, accountWith({ name: 'After' }))],
      ['deletion of an account', (actor, id) => actor.delete(`/accounts/${id}`)],
      ['invitation of an account', ({ post }, id) => post(`/accounts/${id}/resend_invitation`)],
      ['change of an e-mail', ({ post }, id) => post(`/accounts/${id}/email`, email())],
      ['removal of second factors', (actor, id) => actor.delete(`/accounts/${id}/factors`)],
    ])('is rejected and unchanged: %s', async (_name, request) => {
      const { id } = await account(app, { org: [own], name: 'Before' });
      const client = new Client({ connectionString: app.databaseUrl });
      await client.connect();
      try {
        await client.query('BEGIN');
        await client.query('UPDATE accounts SET version = version + 1 WHERE id = $1', [id]);
        const response = request(owner, id);
        await eventually(async () => {
          const [waiting] = await app.sql<{ count: number }>(
            `SELECT count(*)::int AS count FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          );
          return waiting?.count === 1;
        });
        await client.query('DELETE FROM memberships WHERE account_id = $1', [id]);
        await client.query('COMMIT');
        expect(errorsOf(await response)).toEqual(['404 not_found']);
      } finally {
        await client.end();
      }
      expect(await app.sql('SELECT name FROM accounts WHERE id = $1', [id])).toEqual([{ name: 'Before' }]);
    });
  });
});
