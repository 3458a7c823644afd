import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { migrate } from '../../src/database/migrate.js';
import { migrations } from '../../src/database/schema.js';
import { AccountSecrets1764000440000 } from '../../src/database/migrations/1764000440000-account-secrets.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** The migration that takes passwords and tokens out of the table of accounts. */
describe('Passwords and tokens of accounts that are there already', () => {
  let database: TestDatabase;
  let before: DataSource;
  let after: DataSource;

  const opened = (upTo: number): Promise<DataSource> =>
    new DataSource({
      ...dataSourceOptions(database.url, { databasePoolSize: 2 }),
      migrations: migrations.slice(0, upTo),
    }).initialize();

  beforeEach(async () => {
    database = await createTestDatabase();
    const place = migrations.indexOf(AccountSecrets1764000440000);
    before = await opened(place);
    // The template has every migration in it; this test begins with none.
    await before.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await migrate(before);
    after = await opened(place + 1);
  });
  afterEach(async () => {
    await before.destroy();
    await after.destroy();
    await database.drop();
  });

  const add = (email: string, columns: Readonly<Record<string, string>>) => {
    const row = { name: 'Jane', email, email_key: email, role_name: 'user', ...columns };
    const names = Object.keys(row);
    const places = names.map((_, i) => `$${i + 1}`);
    return before.query(
      `INSERT INTO accounts (id, ${names.join(', ')}) VALUES (gen_random_uuid(), ${places.join(', ')})`,
      Object.values(row),
    );
  };

  it('move along, each to its account', async () => {
    const [soon, past] = ['2999-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z'];
    await add('joined@example.com', { hashed_password: '$iam1$one', joined_at: past });
    await add('resetting@example.com', {
      hashed_password: '$iam1$two',
      password_reset_token: 'reset-hash',
      password_reset_token_expires_at: soon,
    });
    await add('invited@example.com', { invitation_token: 'invitation-hash', invitation_expired_at: past });
    await add('both@example.com', {
      invitation_token: 'both-invitation',
      invitation_expired_at: soon,
      password_reset_token: 'both-reset',
      password_reset_token_expires_at: past,
    });
    await migrate(after);
    expect(
      await after.query(`
        SELECT email, hashed_password AS hash, credentials.version FROM accounts
        JOIN account_credentials credentials ON account_id = accounts.id ORDER BY email COLLATE "C"`),
    ).toEqual([
      { email: 'joined@example.com', hash: '$iam1$one', version: 1 },
      { email: 'resetting@example.com', hash: '$iam1$two', version: 1 },
    ]);
    expect(
      await after.query(`
        SELECT email, hash, purpose, expires_at AS "expiresAt" FROM accounts
        JOIN one_time_tokens ON account_id = accounts.id ORDER BY email COLLATE "C", purpose`),
    ).toEqual([
      { email: 'both@example.com', hash: 'both-invitation', purpose: 'invitation', expiresAt: new Date(soon) },
      { email: 'both@example.com', hash: 'both-reset', purpose: 'reset', expiresAt: new Date(past) },
      { email: 'invited@example.com', hash: 'invitation-hash', purpose: 'invitation', expiresAt: new Date(past) },
      { email: 'resetting@example.com', hash: 'reset-hash', purpose: 'reset', expiresAt: new Date(soon) },
    ]);
    const kept = await after.query<{ email: string }[]>(
      'SELECT email FROM accounts WHERE invitation_expired_at IS NOT NULL',
    );
    expect(kept).toHaveLength(2);
  });

  it('go with their account', async () => {
    await add('gone@example.com', {
      hashed_password: '$iam1$one',
      invitation_token: 'hash',
      invitation_expired_at: '2999-01-01',
    });
    await migrate(after);
    await after.query('DELETE FROM accounts');
    expect(
      await after.query('SELECT account_id FROM account_credentials UNION ALL SELECT id FROM one_time_tokens'),
    ).toEqual([]);
  });
});
