import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TestApp } from '../support/app.js';
import { ADMIN } from '../support/environment.js';
import { account, organization } from '../support/factories.js';

/** What a front end sends; the path has no prefix and is encoded. Words in braces stand for ids and tokens. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** What matters of a response. */
export interface ExpectedResponse {
  readonly status: number;
  /** Members that the document has among others. */
  readonly body?: Record<string, unknown>;
  /** Status, code and source of each error. */
  readonly errors?: string[];
  /** The ids of a collection, in order. */
  readonly ids?: string[];
  /** The names of all attributes of each resource. */
  readonly names?: string[];
}

export interface RecordedCase {
  readonly name: string;
  /** Id of the account that is signed in; the first admin by default. */
  readonly as?: string;
  readonly exchanges: readonly { readonly request: RecordedRequest; readonly response: ExpectedResponse }[];
}

/** Requests of front ends that were written against the reference, with what they expect. */
export const RECORDED: readonly RecordedCase[] = JSON.parse(
  readFileSync(new URL('./front-ends.json', import.meta.url), 'utf8'),
);

const INVITATION = 'the-token-of-an-invitation';

/** What the words in braces stand for. */
export type Names = ReadonlyMap<string, string>;

/** The value with every word in braces replaced. */
export const filledIn = <Value>(value: Value, names: Names): Value =>
  JSON.parse(JSON.stringify(value).replaceAll(/\{(\w+)\}/g, (word, name) => names.get(name) ?? word));

/** Replaces everything that is there by what the recorded requests expect. */
export async function recordedWorld(app: TestApp): Promise<Names> {
  await app.sql('DELETE FROM accounts WHERE email <> $1', [ADMIN.email]);
  await app.sql('DELETE FROM organizations');
  const [admin] = await app.sql<{ id: string }>(
    `UPDATE accounts SET created_at = '2025-01-01', joined_at = '2025-01-01' RETURNING id`,
  );
  const at = (created: string, joined: string | null) => ({
    columns: {
      created_at: `${created}T12:00:00Z`,
      updated_at: `${created}T12:00:00Z`,
      joined_at: joined && `${joined}T12:00:00Z`,
    },
  });
  const [acme, zenith] = [await organization(app, 'Acme'), await organization(app, 'Zenith')];
  await app.sql(`UPDATE organizations SET created_at = '2025-10-01T12:00:00Z', updated_at = '2025-10-01T12:00:00Z'`);
  await app.sql(`UPDATE organizations SET created_at = '2025-11-10T12:00:00Z' WHERE id = $1`, [zenith]);
  const robot = await account(app, { name: 'Robot', role: 'system', ...at('2025-02-01', '2025-02-01') });
  const john = await account(app, { name: 'John Roe', email: 'john@example.com', ...at('2025-10-01', '2025-10-02') });
  const jane = await account(app, {
    name: 'Jane Doe',
    email: 'jane@example.com',
    org: [acme],
    ...at('2025-11-10', '2025-11-15'),
  });
  const hash = createHash('sha256').update(INVITATION).digest('hex');
  const invited = await account(app, {
    name: 'Ada',
    email: 'ada.byron@example.com',
    joined: false,
    invitation: { hash, expiresAt: new Date(Date.now() + 60_000) },
    ...at('2025-12-01', null),
  });
  return new Map(
    Object.entries({
      ...{ admin: admin?.id ?? '', acme, zenith, invitation: INVITATION },
      ...{ robot: robot.id, john: john.id, jane: jane.id, invited: invited.id },
    }),
  );
}
