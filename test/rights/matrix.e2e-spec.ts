import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { document, ids, type ApiResponse, type ApiClient } from '../support/client.js';
import { PASSWORD } from '../support/factories.js';
import { customRoles } from './roles.js';
import { ROWS, world, type Row, type Target } from './world.js';

const ACCOUNT = 'iam:accounts';

/** How one operation is tried on one row. */
interface Operation {
  /** As in the reference; an operation that is tried in several ways has a word behind it. */
  readonly route: string;
  readonly rows: readonly Row[];
  /** The accounts were invited and have not joined yet. */
  readonly invited?: boolean;
  try(actor: ApiClient, row: Target): Promise<ApiResponse>;
  /** For a collection: the id that is looked for in it. */
  readonly finds?: (row: Target) => string;
}

/** An operation that has nothing to do with a row is tried once. */
const PLAIN: readonly Row[] = ['same'];
const ORGANIZATIONS: readonly Row[] = ['own', 'other'];
const OTHERS: readonly Row[] = ROWS.filter((row) => row !== 'own');

const change =
  (attributes: Record<string, unknown>): Operation['try'] =>
  ({ patch }, { account }) =>
    patch(`/accounts/${account.id}`, document(ACCOUNT, attributes));

const name = { name: 'Changed' };

/** Every operation, by the name that the tables below give it. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'accounts.index': {
    route: 'GET /accounts',
    rows: ROWS,
    try: ({ get }) => get('/accounts'),
    finds: ({ account }) => account.id,
  },
  'accounts.create': {
    route: 'POST /accounts',
    rows: ROWS,
    try: ({ post }, { scope, roleName }) =>
      post(
        '/accounts',
        document(ACCOUNT, {
          ...name,
          email: `${randomUUID()}@example.com`,
          role_name: roleName,
          role_scope: scope,
        }),
      ),
  },
  'accounts.show': {
    route: 'GET /accounts/{resource_id}',
    rows: ROWS,
    try: ({ get }, { account }) => get(`/accounts/${account.id}`),
  },
  'accounts.update': { route: 'PATCH /accounts/{resource_id}', rows: ROWS, try: change(name) },
  'accounts.update:enabled': { route: 'PATCH /accounts/{resource_id}', rows: ROWS, try: change({ enabled: false }) },
  'accounts.update:role': {
    route: 'PATCH /accounts/{resource_id}',
    rows: ROWS,
    try: (actor, row) => change({ role_name: row.roleName === 'org_owner' ? 'user' : 'org_owner' })(actor, row),
  },
  'accounts.update:scope': {
    route: 'PATCH /accounts/{resource_id}',
    rows: ROWS,
    try: change({ role_scope: { org: [] } }),
  },
  'accounts.delete': {
    route: 'DELETE /accounts/{resource_id}',
    rows: ROWS,
    try: (actor, { account }) => actor.delete(`/accounts/${account.id}`),
  },
  'accounts.join': {
    route: 'PATCH /accounts/{token}/join',
    rows: OTHERS,
    invited: true,
    try: ({ patch }, { invitationToken }) => patch(`/accounts/${invitationToken}/join`, {}),
  },
  'accounts.resend_invitation': {
    route: 'POST /accounts/{id}/resend_invitation',
    rows: ROWS,
    invited: true,
    try: ({ post }, { account }) => post(`/accounts/${account.id}/resend_invitation`),
  },
  'account_sessions.index': {
    route: 'GET /account_sessions',
    rows: ROWS,
    try: ({ get }) => get('/account_sessions'),
    finds: ({ session }) => session,
  },
  'account_sessions.show': {
    route: 'GET /account_sessions/{resource_id}',
    rows: ROWS,
    try: ({ get }, { session }) => get(`/account_sessions/${session}`),
  },
  'account_sessions.delete': {
    route: 'DELETE /account_sessions/{resource_id}',
    rows: ROWS.toReversed(),
    try: (actor, { session }) => actor.delete(`/account_sessions/${session}`),
  },
  'organizations.index': {
    route: 'GET /organizations',
    rows: ORGANIZATIONS,
    try: ({ get }) => get('/organizations'),
    finds: ({ organization }) => organization,
  },
  'organizations.create': {
    route: 'POST /organizations',
    rows: PLAIN,
    try: ({ post }) => post('/organizations', document('iam:organizations', name)),
  },
  'organizations.show': {
    route: 'GET /organizations/{resource_id}',
    rows: ORGANIZATIONS,
    try: ({ get }, { organization }) => get(`/organizations/${organization}`),
  },
  'organizations.update': {
    route: 'PATCH /organizations/{resource_id}',
    rows: ORGANIZATIONS,
    try: ({ patch }, { organization }) => patch(`/organizations/${organization}`, document('iam:organizations', name)),
  },
  'organizations.delete': {
    route: 'DELETE /organizations/{resource_id}',
    rows: ORGANIZATIONS.toReversed(),
    try: (actor, { organization }) => actor.delete(`/organizations/${organization}`),
  },
  request_password_reset: {
    route: 'POST /account/passwords/request_reset',
    rows: ROWS,
    try: ({ post }, { account }) => post('/account/passwords/request_reset', { email: account.email }),
  },
  token_valid: {
    route: 'GET /account/passwords/token_valid',
    rows: ROWS,
    try: ({ get }, { resetToken }) => get(`/account/passwords/token_valid?token=${resetToken}`),
  },
  reset_password: {
    route: 'POST /account/passwords/reset',
    rows: OTHERS,
    try: ({ post }, { resetToken: token }) => post('/account/passwords/reset', { token, password: 'Another-horse-9' }),
  },
  change_password: {
    route: 'POST /account/passwords/change',
    rows: PLAIN,
    try: ({ post }) =>
      post('/account/passwords/change', { current_password: PASSWORD, new_password: 'Another-horse-9' }),
  },
};

/**
 * What each role is answered: a status, or whether the collection holds the row (`seen`, `-`). The accounts are the
 * actor's own, one of the actor's organization, one of another, one of a higher rank and one that belongs to both.
 */
const MATRIX: Readonly<Record<string, string>> = {
  anonymous: `
                                 own  same other higher shared
    accounts.index               401  401  401   401    401
    accounts.create              401  401  401   401    401
    accounts.show                401  401  401   401    401
    accounts.update              401  401  401   401    401
    accounts.update:enabled      401  401  401   401    401
    accounts.update:role         401  401  401   401    401
    accounts.update:scope        401  401  401   401    401
    accounts.delete              401  401  401   401    401
    accounts.join                     204  204   204    204
    accounts.resend_invitation   401  401  401   401    401
    account_sessions.index       401  401  401   401    401
    account_sessions.show        401  401  401   401    401
    account_sessions.delete      401  401  401   401    401
    organizations.index          401       401
    organizations.create              401
    organizations.show           401       401
    organizations.update         401       401
    organizations.delete         401       401
    request_password_reset       204  204  204   204    204
    token_valid                  200  200  200   200    200
    reset_password                    204  204   204    204
    change_password                   401`,
  user: `
                                 own  same other higher shared
    accounts.index               seen -    -     -      -
    accounts.create              403  403  403   403    403
    accounts.show                200  404  404   404    404
    accounts.update              200  404  404   404    404
    accounts.update:enabled      403  404  404   404    404
    accounts.update:role         403  404  404   404    404
    accounts.update:scope        403  404  404   404    404
    accounts.delete              403  403  403   403    403
    accounts.join                     204  204   204    204
    accounts.resend_invitation   403  403  403   403    403
    account_sessions.index       seen -    -     -      -
    account_sessions.show        200  404  404   404    404
    account_sessions.delete      204  404  404   404    404
    organizations.index          seen      -
    organizations.create              403
    organizations.show           200       404
    organizations.update         403       403
    organizations.delete         403       403
    request_password_reset       204  204  204   204    204
    token_valid                  200  200  200   200    200
    reset_password                    204  204   204    204
    change_password                   204`,
  org_owner: `
                                 own  same other higher shared
    accounts.index               seen seen -     seen   seen
    accounts.create              403  200  403   403    403
    accounts.show                200  200  404   200    200
    accounts.update              200  200  404   403    200
    accounts.update:enabled      403  200  404   403    403
    accounts.update:role         403  200  404   403    403
    accounts.update:scope        403  200  404   403    200
    accounts.delete              403  204  404   403    403
    accounts.join                     204  204   204    204
    accounts.resend_invitation   409  204  404   403    403
    account_sessions.index       seen -    -     -      -
    account_sessions.show        200  404  404   404    404
    account_sessions.delete      204  404  404   404    404
    organizations.index          seen      -
    organizations.create              403
    organizations.show           200       404
    organizations.update         200       404
    organizations.delete         403       403
    request_password_reset       204  204  204   204    204
    token_valid                  200  200  200   200    200
    reset_password                    204  204   204    204
    change_password                   204`,
  support: `
                                 own  same other higher shared
    accounts.index               seen seen seen  seen   seen
    accounts.create              403  403  403   403    403
    accounts.show                200  200  200   200    200
    accounts.update              200  200  403   403    200
    accounts.update:enabled      403  200  403   403    403
    accounts.update:role         403  200  403   403    403
    accounts.update:scope        403  200  403   403    403
    accounts.delete              403  403  403   403    403
    accounts.join                     204  204   204    204
    accounts.resend_invitation   403  403  403   403    403
    account_sessions.index       seen seen -     seen   seen
    account_sessions.show        200  200  404   200    200
    account_sessions.delete      204  204  404   204    204
    organizations.index          seen      seen
    organizations.create              200
    organizations.show           200       200
    organizations.update         403       403
    organizations.delete         403       403
    request_password_reset       204  204  204   204    204
    token_valid                  200  200  200   200    200
    reset_password                    204  204   204    204
    change_password                   204`,
  admin: `
                                 own  same other higher shared
    accounts.index               seen seen seen  seen   seen
    accounts.create              200  200  200   403    200
    accounts.show                200  200  200   200    200
    accounts.update              200  200  200   403    200
    accounts.update:enabled      403  200  200   403    200
    accounts.update:role         403  200  200   403    200
    accounts.update:scope        403  200  200   403    200
    accounts.delete              403  204  204   403    204
    accounts.join                     204  204   204    204
    accounts.resend_invitation   409  204  204   403    204
    account_sessions.index       seen seen seen  seen   seen
    account_sessions.show        200  200  200   200    200
    account_sessions.delete      204  204  204   204    204
    organizations.index          seen      seen
    organizations.create              200
    organizations.show           200       200
    organizations.update         200       200
    organizations.delete         204       204
    request_password_reset       204  204  204   204    204
    token_valid                  200  200  200   200    200
    reset_password                    204  204   204    204
    change_password                   204`,
};

/** The permissions on a row that the actor may not read. */
const NOTHING = { update: false, delete: false, attributes: [] };

/** `meta.can` of a row as it is shown; of one that the actor may not read, nothing. */
async function canOf({ get }: ApiClient, path: string): Promise<typeof NOTHING> {
  const { status, body } = await get(`${path}?can=true`);
  return status === 200 ? body.data.meta.can : NOTHING;
}

/** The attributes that the actor can change, found out by trying each alone. */
async function changedOneByOne(
  { patch }: ApiClient,
  path: string,
  type: string,
  values: Record<string, unknown>,
): Promise<string[]> {
  const changed: string[] = [];
  for (const [attribute, value] of Object.entries(values)) {
    const response = await patch(path, document(type, { [attribute]: value }));
    // What comes with a condition is allowed: that actors have a second factor themselves, and confirm it.
    const isAllowed = response.status === 200 || (attribute === 'mfa_required' && response.status === 409);
    if (isAllowed) changed.push(attribute);
  }
  return changed;
}

/** Another value for each attribute of an account, valid for every actor who may change it. */
function otherValues({ roleName, scope: { org = [] } }: Target, own: string): Record<string, unknown> {
  return {
    ...name,
    email: 'other@example.com',
    sso_channel: 'other',
    picture_url: 'https://example.com/other.png',
    locale: 'de',
    joined_at: null,
    enabled: false,
    role_name: roleName === 'org_owner' ? 'user' : 'org_owner',
    // Last, since it may take the row out of scope.
    role_scope: { org: org.includes(own) ? org.filter((id) => id !== own) : [...org, own] },
  };
}

/** The lines of a table: the operation, and what is expected of each of its rows. */
const linesOf = (table: string): [operation: string, expected: string[]][] =>
  table
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [operation = '', ...expected] = line.trim().split(/\s+/);
      return [operation, expected];
    });

describe('Rights', () => {
  /** Reads everything, writes only where it belongs: what is seen and what may be done differ. */
  const roles = customRoles({
    roles: {
      support: {
        rank: 30,
        rights: [
          'iam:accounts.read.*',
          'iam:accounts.update.org',
          'iam:account_sessions.*.org',
          'iam:organizations.read.*',
          'iam:organizations.create.*',
        ],
      },
    },
  });
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ env: roles.env });
  });
  afterAll(async () => {
    await app.stop();
    roles.remove();
  });

  it('are stated for every operation of the reference and every role', () => {
    const reference: { method: string; path: string }[] = JSON.parse(
      readFileSync(new URL('../contract/endpoints.json', import.meta.url), 'utf8'),
    );
    const routes = Object.values(OPERATIONS).map(({ route }) => route);
    expect(routes).toEqual(expect.arrayContaining(reference.map(({ method, path }) => `${method} ${path}`)));
    for (const table of Object.values(MATRIX)) {
      expect(linesOf(table).map(([operation]) => operation)).toEqual(Object.keys(OPERATIONS));
    }
  });

  describe.each(Object.entries(MATRIX))('of %s', (role, table) => {
    it.each(linesOf(table))('to %s are %j', async (operation, expected) => {
      const { rows, invited = false, try: attempt, finds } = OPERATIONS[operation] as Operation;
      const { actor, rows: targets } = await world(app, role, { invited });
      const results: Partial<Record<Row, string>> = {};
      for (const row of rows) {
        const response = await attempt(actor, targets[row]);
        const found = finds && response.status === 200 ? ids(response).includes(finds(targets[row])) : undefined;
        results[row] = found === undefined ? String(response.status) : found ? 'seen' : '-';
      }
      const shown = ROWS.filter((row) => rows.includes(row));
      expect(shown.map((row) => results[row])).toEqual(expected);
    });

    if (role === 'anonymous') return;

    it('agree with meta.can, for each row, verb and attribute', async () => {
      const [{ actor, rows }, { actor: deleter, rows: deleted }] = [await world(app, role), await world(app, role)];
      const listed = await actor.get('/accounts?can=true');
      for (const row of ROWS) {
        const { account, organization } = rows[row];
        const accountPath = `/accounts/${account.id}`;
        const can = await canOf(actor, accountPath);
        const shown = await actor.get(accountPath);
        const target = { ...rows[row], scope: shown.body.data?.attributes.role_scope ?? {} };
        const inList = listed.body.data.find(({ id }: { id: string }) => id === account.id)?.meta.can ?? NOTHING;
        const changed = await changedOneByOne(actor, accountPath, ACCOUNT, otherValues(target, rows.own.organization));
        expect([row, inList, can.attributes.toSorted()]).toEqual([row, can, changed.toSorted()]);
        expect([row, can.update]).toEqual([row, changed.length > 0]);
        if (!ORGANIZATIONS.includes(row)) continue;
        const path = `/organizations/${organization}`;
        const { update, attributes } = await canOf(actor, path);
        const renamed = await changedOneByOne(actor, path, 'iam:organizations', { ...name, mfa_required: true });
        expect([row, update, attributes]).toEqual([row, renamed.length > 0, renamed]);
      }
      for (const row of ROWS.toReversed()) {
        const { account, organization, session } = deleted[row];
        const paths = [
          `/accounts/${account.id}`,
          ...(ORGANIZATIONS.includes(row) ? [`/organizations/${organization}`] : []),
          // Of the actor's own, the last request.
          `/account_sessions/${session}`,
        ];
        for (const path of paths) {
          const can = await canOf(deleter, path);
          expect([row, path, can.delete]).toEqual([row, path, (await deleter.delete(path)).status === 204]);
        }
      }
    });
  });
});
