import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Column, DataSource, Entity } from 'typeorm';
import { Account } from '../../src/accounts/account.entity.js';
import { AccountRules } from '../../src/accounts/account.rules.js';
import { AccountResource } from '../../src/accounts/account.resource.js';
import { carriedAttributes } from '../../src/accounts/account-transfer.resource.js';
import { Roles } from '../../src/auth/authorization/roles.js';
import { AccountReader } from '../../src/cli/accounts/account-reader.js';
import { exportAccounts } from '../../src/cli/accounts/export-lines.js';
import { Importer } from '../../src/cli/accounts/importer.js';
import { Audit } from '../../src/events/audit.js';
import { defineResource } from '../../src/json-api/resource/resource.js';
import { Transactions } from '../../src/json-api/sql/executor.js';
import { PasswordHasher } from '../../src/passwords/hashing/password.hasher.js';
import { startApp, type TestApp } from '../support/app.js';

/** Accounts as a team has them that added columns of its own. */
@Entity('accounts')
class TeamAccount extends Account {
  @Column({ type: 'varchar', length: 20, nullable: true }) badge!: string | null;
  @Column({ type: 'integer', default: 7 }) floor!: number;
  @Column({ type: 'jsonb', default: {} }) desk!: object;
  @Column({ type: 'text', nullable: true }) notes!: string | null;
}

const TeamAccountResource = defineResource(TeamAccount, {
  type: 'iam:accounts',
  attributes: carriedAttributes({
    ...AccountResource.rules.attributes,
    badge: { write: 'always', filter: ['eq'] },
    floor: { sort: true },
    desk: { write: 'create' },
    notes: { hidden: true },
  }),
});

describe('The attributes that a team adds to accounts', () => {
  let app: TestApp;
  const options = { dryRun: false, skipInvalid: false, skipExisting: false, createOrganizations: false };

  beforeAll(async () => {
    app = await startApp();
    await app.sql(`ALTER TABLE accounts ADD badge varchar(20), ADD floor integer NOT NULL DEFAULT 7,
      ADD desk jsonb NOT NULL DEFAULT '{}', ADD notes text`);
  });
  afterAll(() => app.stop());

  const load = async (...values: object[]) => {
    const get = <Type>(token: abstract new (...args: never[]) => Type): Type => app.nest.get(token, { strict: false });
    const importer = new Importer(get(Transactions), get(Audit), options, TeamAccountResource);
    const reader = new AccountReader(get(Roles), get(AccountRules), get(PasswordHasher), null, TeamAccountResource);
    await importer.prepare();
    return importer.add(values.map((value, place) => reader.read({ number: place + 1, value })));
  };
  const exported = async () => {
    let text = '';
    const read = async (_: number, pieces: AsyncIterable<{ text: string }>) => {
      for await (const piece of pieces) text += piece.text;
    };
    await exportAccounts(app.nest.get(DataSource), false, read, TeamAccountResource);
    return text
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
  };

  it('are imported by its rules, with the defaults of the database where a line says nothing', async () => {
    const wrong = await load({
      name: 'A',
      email: 'a@team.example.com',
      badge: 'x'.repeat(21),
      floor: 'two',
      notes: 'no',
    });
    expect(wrong.rejected).toEqual([
      {
        line: 1,
        errors: expect.arrayContaining([
          expect.stringMatching(/^badge must have at most 20 /),
          'floor must be an integer',
          'There is no attribute "notes" here',
        ]),
      },
    ]);
    const { rejected } = await load(
      { name: 'A', email: 'a@team.example.com', badge: 'A-1', floor: 3, desk: { window: true } },
      { name: 'B', email: 'b@team.example.com', badge: null },
    );
    expect(rejected).toEqual([]);
    const rows = await app.sql(
      `SELECT badge, floor, desk FROM accounts WHERE email LIKE '%@team.example.com' ORDER BY email`,
    );
    expect(rows).toEqual([
      { badge: 'A-1', floor: 3, desk: { window: true } },
      { badge: null, floor: 7, desk: {} },
    ]);
  });

  it('are exported, the hidden ones apart, and what is exported is imported again', async () => {
    const lines = await exported();
    const [line] = lines.filter(({ email }) => email === 'a@team.example.com');
    expect(line).toMatchObject({ badge: 'A-1', floor: 3, desk: { window: true } });
    expect(line).not.toHaveProperty('notes');
    await app.sql(`DELETE FROM accounts WHERE email = 'a@team.example.com'`);
    expect((await load(line ?? {})).rejected).toEqual([]);
    expect(await exported()).toEqual(lines);
  });
});
