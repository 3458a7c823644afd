import type { Client } from 'pg';
import { document } from '../support/client.js';
import { ADMIN } from '../support/environment.js';
import type { Reply, Shot } from '../support/load.js';

/** What is expected of an answer: its status, and something that has to be in it. */
const expecting =
  (status: number, fits: (reply: Reply) => boolean = () => true, then: (reply: Reply) => void = () => undefined) =>
  (reply: Reply): string | null => {
    if (reply.status !== status) return `${reply.status} ${JSON.stringify(reply.body)}`;
    if (!fits(reply)) return `another answer: ${JSON.stringify(reply.body)}`;
    then(reply);
    return null;
  };

/**
 * What clients ask of a service while something happens to it: reads, writes, reads of what was written, sign-ins, and
 * attempts that have to fail. It remembers every write that was acknowledged.
 */
export class Traffic {
  /** Organizations that the service said it has: name → id. */
  readonly acknowledged = new Map<string, string>();
  /** E-mails of people whom the service said it invited. */
  readonly invited: string[] = [];
  private last: readonly [string, string] | null = null;
  private readonly kinds: readonly ((n: number) => Shot)[];

  /** @param token an admin's */
  constructor(token: string) {
    const read = (name: string, path: string, fits: (reply: Reply) => boolean): Shot => ({
      name,
      method: 'GET',
      path,
      token,
      check: expecting(200, fits),
    });
    const login = (name: string, password: string, status: number): Shot => ({
      name,
      method: 'POST',
      path: '/auth/login',
      body: { email: ADMIN.email, password },
      check: expecting(status),
    });
    const me = (): Shot => read('me', '/auth/me', ({ body }) => body.data.attributes.email === ADMIN.email);
    const own = (): Shot => {
      const written = this.last;
      if (!written) return me();
      const [name, id] = written;
      return read('read', `/organizations/${id}`, ({ body }) => body.data.attributes.name === name);
    };
    const list = (): Shot =>
      read('list', '/organizations?sort=-created_at&page%5Bsize%5D=5', ({ body }) => Array.isArray(body.data));
    const write = (n: number): Shot => this.create(token, `Organization ${n}`);
    const stranger: Shot = { name: 'stranger', method: 'GET', path: '/organizations', check: expecting(401) };
    this.kinds = [
      ...[me, write, own, list, me, () => stranger, me, write, own, me],
      ...[me, () => login('sign-in', ADMIN.password, 200), own, me, write, own, list],
      ...[
        me,
        () => login('guess', 'Wrong-horse-7', 401),
        (n: number) => this.invite(token, `invited-${n}@example.com`),
      ],
    ];
  }

  /** The n-th request. */
  readonly shot = (n: number): Shot => {
    const kind = this.kinds[n % this.kinds.length];
    if (!kind) throw new Error('There is no traffic');
    return kind(n);
  };

  /** Writes that were acknowledged and are not there, and writes that are there twice: both empty, always. */
  async unkept(database: Client): Promise<{ lost: string[]; doubled: string[] }> {
    const { rows } = await database.query<{ name: string; id: string }>('SELECT name, id FROM organizations');
    const { rows: people } = await database.query<{ email: string }>('SELECT email FROM accounts');
    const kept = new Map(rows.map(({ name, id }) => [name, id]));
    const emails = new Set(people.map(({ email }) => email));
    const names = rows.map(({ name }) => name);
    return {
      lost: [
        ...[...this.acknowledged].filter(([name, id]) => kept.get(name) !== id).map(([name]) => name),
        ...this.invited.filter((email) => !emails.has(email)),
      ],
      doubled: names.filter((name, index) => names.indexOf(name) !== index),
    };
  }

  private create(token: string, name: string): Shot {
    const keep = ({ body }: Reply): void => {
      this.last = [name, body.data.id];
      this.acknowledged.set(name, body.data.id);
    };
    const check = expecting(200, ({ body }) => body.data.attributes.name === name, keep);
    return {
      name: 'write',
      method: 'POST',
      path: '/organizations',
      token,
      body: document('iam:organizations', { name }),
      check,
    };
  }

  private invite(token: string, email: string): Shot {
    const attributes = { name: 'Invited', email, role_name: 'user', role_scope: {} };
    const check = expecting(200, undefined, () => this.invited.push(email));
    return {
      name: 'invite',
      method: 'POST',
      path: '/accounts',
      token,
      body: document('iam:accounts', attributes),
      check,
    };
  }
}
