import { randomBytes } from 'node:crypto';
import type { Request } from 'autocannon';
import { sending } from '../load.js';
import type { Row } from '../rows.js';

/** An invitation of a person with an e-mail that no account has yet. */
function invitation(headers: Record<string, string>): Request {
  const name = `Invited ${randomBytes(6).toString('hex')}`;
  const attributes = { name, email: `${randomBytes(8).toString('hex')}@example.org`, role_name: 'user' };
  return sending('POST', '/accounts', { data: { type: 'iam:accounts', attributes } }, headers);
}

/** Rows that write. They come last, so that those that read find the tables as they were seeded. */
export const WRITING: readonly Row[] = [
  {
    name: 'sign-in',
    meaning: '`POST /auth/login`; the floor compares one bcrypt hash of the same cost, on the same core',
    firstSetupOnly: true,
    minSeconds: 4,
    traffic: ({ login }, side) => ({ requests: [sending('POST', '/auth/login', login[side])], status: 200 }),
  },
  {
    name: 'refresh',
    meaning:
      '`POST /auth/refresh`, on each connection a chain in which the next request uses the token of each response; ' +
      'the floor makes one `UPDATE` and one ES256 signature',
    traffic: async (material, side) => {
      const tokens = await material.refreshTokens(side);
      const request = (at: number): Request => sending('POST', '/auth/refresh', { refresh_token: tokens[at] });
      let started = 0;
      return {
        requests: [],
        status: 200,
        // A connection goes on with the last token of the one in its place in the turn before.
        chain: () => {
          const at = started++ % tokens.length;
          return {
            first: request(at),
            next: (body) => {
              tokens[at] = JSON.parse(body).meta.refresh_token;
              return request(at);
            },
          };
        },
      };
    },
  },
  {
    name: 'change of one attribute',
    meaning:
      '`PATCH /accounts/{id}` with another `name`, each time another account; an audit event is written too. The floor does ' +
      'both in one transaction: `BEGIN`, `UPDATE … RETURNING`, `INSERT`, `COMMIT`',
    traffic: ({ ids, admin }) => {
      let changes = 0;
      const change = (): Request => {
        const id = ids[changes++ % ids.length] ?? '';
        // Never the name that it has.
        const attributes = { name: `Changed ${changes} ${Date.now()}` };
        return sending('PATCH', `/accounts/${id}`, { data: { type: 'iam:accounts', id, attributes } }, admin);
      };
      return { requests: [], status: 200, chain: () => ({ first: change(), next: change }) };
    },
  },
  {
    name: 'create with an invitation',
    meaning:
      '`POST /accounts` of a person, who is invited. The floor writes the same rows in one transaction: the account, the ' +
      'token, the jobs of the mail and of its reminder, and two audit events. No mail is sent meanwhile',
    traffic: ({ admin }) => ({
      requests: [],
      status: 200,
      chain: () => ({ first: invitation(admin), next: () => invitation(admin) }),
    }),
  },
];
