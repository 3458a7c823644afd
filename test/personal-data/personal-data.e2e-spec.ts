import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { PersonalData } from '../../src/personal-data/personal-data.js';
import { startApp, type TestApp } from '../support/app.js';
import { ageSignIn } from '../sign-in/sessions.js';
import { document, errorsOf, send } from '../support/client.js';
import { account, admin, organization, PASSWORD, signedIn, type SignedIn } from '../support/factories.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ env: { NEW_SIGN_IN_MAIL: 'true' } });
});
afterAll(() => app.stop());

/** Every row of every table that contains a text, as `table: row`. */
async function rowsWith(text: string): Promise<string[]> {
  const tables = await app.sql<{ name: string }>(`
    SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
    WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`);
  expect(tables.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['public.accounts', 'public.attempts', 'graphile_worker._private_jobs']),
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await app.sql<{ json: string }>(
      `SELECT to_jsonb(row)::text AS json FROM ${name} AS row WHERE strpos(lower(to_jsonb(row)::text), lower($1)) > 0`,
      [text],
    );
    found.push(...rows.map(({ json }) => `${name}: ${json}`));
  }
  return found;
}

const tableOf = (row: string): string => row.slice(0, row.indexOf(':')).replace('public.', '');

/** An account that did all kinds of things, and to which things were done. */
async function busyAccount(name: string): Promise<SignedIn> {
  const org = await organization(app);
  const person = await signedIn(app, {
    name,
    email: `${name.replace(/\W/g, '.')}@example.com`,
    role: 'org_owner',
    org: [org],
  });
  const { id, email } = person.account;
  const { patch } = await admin(app);
  await send(app, 'POST', '/auth/login', { body: { email, password: 'Wrong-horse-7' } });
  await send(app, 'POST', '/account/passwords/request_reset', { body: { email } });
  await person.post(
    '/accounts',
    document('iam:accounts', { email: `${uuidv7()}@example.com`, role_scope: { org: [org] } }),
    {
      'idempotency-key': id,
    },
  );
  await person.post('/account/passwords/change', { current_password: PASSWORD, new_password: 'Better-horse-8' });
  expect((await patch(`/accounts/${id}`, document('iam:accounts', { role_name: 'user' }, id))).status).toBe(200);
  return person;
}

describe('GET /account/export', () => {
  it('gives everything that is stored about the account as one file, without secrets', async () => {
    const { get, account: person } = await busyAccount('Exported Person');
    const response = await get('/account/export');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="account.json"');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { body } = response;
    expect(body).toMatchObject({
      account_id: person.id,
      accounts: [{ id: person.id, name: person.name, email: person.email }],
      memberships: [{ account_id: person.id }],
      account_credentials: [{ account_id: person.id }],
    });
    expect(body.account_sessions).toHaveLength(1);
    const actions = body.audit_events.map(({ action }: { action: string }) => action);
    expect(actions).toEqual(expect.arrayContaining(['iam:account_auths.signed_in', 'iam:accounts.role_changed']));
    expect(response.text).not.toMatch(/hashed_password|"nonce"|"hash"/);
    // The address of an admin is not theirs.
    const foreign = body.audit_events.filter(({ actor_id: actor }: { actor_id: string }) => actor !== person.id);
    expect(foreign.length).toBeGreaterThan(0);
    expect(foreign.filter((event: object) => 'ip' in event || 'request_id' in event)).toEqual([]);
  });

  it('lists each row once, also beyond one batch', async () => {
    const person = await signedIn(app);
    await app.sql(
      `INSERT INTO audit_events (id, action, actor_id, target_type, target_id)
       SELECT gen_random_uuid(), 'iam:accounts.updated', $1::uuid, 'iam:accounts', CASE WHEN n % 2 = 0 THEN $1::uuid END
       FROM generate_series(1, 1300) AS n`,
      [person.account.id],
    );
    const { body } = await person.get('/account/export');
    const ids: string[] = body.audit_events.map(({ id }: { id: string }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(1_300);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('needs a recent sign-in', async () => {
    const person = await signedIn(app);
    await ageSignIn(person.account.id, app);
    expect(errorsOf(await person.get('/account/export'))).toEqual(['403 reauthentication_required']);
  });

  it('needs a sign-in', async () => {
    expect(errorsOf(await send(app, 'GET', '/account/export'))).toEqual(['401 unauthenticated Authorization']);
  });

  it('covers every table that names accounts: a new one is registered with PersonalData', async () => {
    const registered = new Map(
      app.nest
        .get(PersonalData)
        .tables()
        .map(({ table, accounts }) => [table, Object.keys(accounts)]),
    );
    const references = await app.sql<{ table: string; column: string }>(`
      SELECT source.relname AS table, attribute.attname AS column FROM pg_constraint con
      JOIN pg_class source ON source.oid = con.conrelid
      JOIN pg_attribute attribute ON attribute.attrelid = source.oid AND attribute.attnum = ANY (con.conkey)
      WHERE con.contype = 'f' AND con.confrelid = 'public.accounts'::regclass`);
    // And whatever has an id of an account without a foreign key: in any column of any row of a busy account.
    const { account: person } = await busyAccount('Referenced Person');
    const ids = await app.sql<{ table: string; column: string }>(`
      SELECT table_name AS table, column_name AS column FROM information_schema.columns
      WHERE table_schema = 'public' AND data_type = 'uuid'`);
    for (const { table, column } of ids) {
      const rows = await app.sql(`SELECT 1 FROM "${table}" WHERE "${column}" = $1 LIMIT 1`, [person.id]);
      if (rows.length > 0) references.push({ table, column });
    }
    const missing = references.filter(({ table, column }) => !registered.get(table)?.includes(column));
    expect(missing).toEqual([]);
    expect(new Set(references.map(({ table }) => table)).size).toBeGreaterThan(4);
  });
});

describe('An extension', () => {
  @Entity('badges')
  class Badge {
    @PrimaryColumn('uuid') id!: string;

    @Column({ type: 'uuid' })
    @ForeignKey('Account', { onDelete: 'CASCADE' })
    ownerId!: string;
  }

  it('does not start with a table about accounts that it has not registered', async () => {
    await expect(startApp({ extension: { entities: [Badge] } })).rejects.toThrow(
      'Badge: badges.owner_id has the id of an account; register the table with PersonalData',
    );
  });
});

describe('POST /accounts/{id}/erase', () => {
  it('leaves nothing of the account but its id in the audit trail', async () => {
    const { account: person } = await busyAccount('Erased Person');
    // A mail that failed for good, with the relay's words, and one that waits.
    await app.sql(
      `SELECT graphile_worker.add_job('mail.password_changed', json_build_object('accountId', $1::text), max_attempts => 1,
         run_at => now() + interval '1 day')`,
      [person.id],
    );
    await app.sql(
      `SELECT graphile_worker.add_job('password.request_reset', json_build_object('email', $1::text),
         run_at => now() + interval '1 day')`,
      [person.email.toUpperCase()],
    );
    await app.sql(`UPDATE graphile_worker._private_jobs SET last_error = '550 <' || $1 || '> unknown'`, [person.email]);
    const { post, get, id: adminId } = await admin(app);
    expect((await post(`/accounts/${person.id}/erase`)).status).toBe(204);
    expect((await get(`/accounts/${person.id}`)).status).toBe(404);
    expect(await rowsWith(person.name)).toEqual([]);
    expect(await rowsWith(person.email)).toEqual([]);
    const rows = await rowsWith(person.id);
    expect(new Set(rows.map(tableOf))).toEqual(new Set(['audit_events', 'auth_changes']));
    const trail = await app.sql(
      `SELECT action, actor_id, details, ip FROM audit_events WHERE actor_id = $1 OR target_id = $1`,
      [person.id],
    );
    expect(trail.length).toBeGreaterThan(5);
    expect(trail).toContainEqual(expect.objectContaining({ action: 'iam:accounts.erased', actor_id: adminId }));
    expect(trail.filter(({ details }) => JSON.stringify(details) !== '{}')).toEqual([]);
    expect(trail.filter(({ actor_id: actor, ip }) => actor !== adminId && ip !== null)).toEqual([]);
    // Who erased it from where stays.
    expect(trail.filter(({ actor_id: actor }) => actor === adminId).every(({ ip }) => ip !== null)).toBe(true);
  });

  it('ends the sessions at once, and takes the e-mail free', async () => {
    const person = await signedIn(app);
    const { post } = await admin(app);
    expect((await post(`/accounts/${person.account.id}/erase`)).status).toBe(204);
    expect((await person.get('/auth/me')).status).toBe(401);
    const again = await post('/accounts', document('iam:accounts', { email: person.account.email }));
    expect(again.status).toBe(200);
  });

  it('needs what a deletion needs: the right, the scope, the rank, and another account', async () => {
    const org = await organization(app);
    const owner = await signedIn(app, { role: 'org_owner', org: [org] });
    const user = await signedIn(app, { org: [org] });
    const outside = await account(app);
    const shared = await account(app, { org: [org, await organization(app)] });
    const { id, post } = await admin(app);
    const erase = async ({ post: as }: Pick<SignedIn, 'post'>, target: string) =>
      errorsOf(await as(`/accounts/${target}/erase`)).map((error) => error.slice(0, 3));
    expect(await erase(user, owner.account.id)).toEqual(['403']);
    expect(await erase(owner, outside.id)).toEqual(['404']);
    expect(await erase(owner, shared.id)).toEqual(['403']);
    expect(await erase(owner, owner.account.id)).toEqual(['403']);
    expect(await erase({ post }, id)).toEqual(['403']);
    expect(await erase(owner, user.account.id)).toEqual([]);
  });

  it('is all that the trigger of the audit trail lets through, and never another change', async () => {
    const person = await signedIn(app);
    const attempt = (set: string) =>
      app.sql(
        `DO $$ BEGIN PERFORM set_config('iam.audit_erasure', 'on', true);
         UPDATE audit_events SET ${set} WHERE actor_id = '${person.account.id}'; END $$`,
      );
    await expect(attempt(`details = '{}', action = 'x'`)).rejects.toThrow('append-only');
    await expect(attempt(`details = '{"a":1}'`)).rejects.toThrow('append-only');
    await expect(attempt(`details = '{}', ip = '1.2.3.4'`)).rejects.toThrow('append-only');
    await expect(attempt(`details = '{}', actor_id = NULL`)).rejects.toThrow('append-only');
    await attempt(`details = '{}', ip = NULL`);
  });
});
