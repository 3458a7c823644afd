import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { Column, Entity, ForeignKey, type MigrationInterface, PrimaryColumn, type QueryRunner } from 'typeorm';
import { Account } from '../../src/accounts/account.entity.js';
import { AccountResource } from '../../src/accounts/account.resource.js';
import type { Extension } from '../../src/app.extension.js';
import { extendResource } from '../../src/json-api/resource/resource-extension.js';
import { PersonalData } from '../../src/personal-data/personal-data.js';
import { startApp, type TestApp } from '../support/app.js';
import { databaseEnvironment } from '../support/database.js';
import { command } from './command-line.js';

/** What a team knows of accounts. */
@Entity('desks')
class Desk {
  @PrimaryColumn('uuid')
  @ForeignKey(() => Account, { onDelete: 'CASCADE' })
  accountId!: string;

  @Column({ type: 'varchar', length: 20, nullable: true }) badge!: string | null;
  @Column({ type: 'integer', nullable: true, default: 7 }) floor!: number | null;
  @Column({ type: 'jsonb', nullable: true, name: 'furniture' }) desk!: object | null;
  @Column({ type: 'text', nullable: true }) notes!: string | null;
}

class Desks1770000000000 implements MigrationInterface {
  name = 'Desks1770000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE desks (
      account_id uuid NOT NULL CONSTRAINT desks_pkey PRIMARY KEY
        CONSTRAINT desks_account_id_fkey REFERENCES accounts (id) ON DELETE CASCADE,
      badge varchar(20), floor integer DEFAULT 7, furniture jsonb, notes text)`);
  }

  async down(): Promise<void> {}
}

@Module({})
class DesksModule implements OnModuleInit {
  constructor(@Inject(PersonalData) private readonly data: PersonalData) {}

  onModuleInit(): void {
    this.data.register({ table: 'desks', key: 'account_id', accounts: { account_id: [] } });
  }
}

const extension: Extension = {
  modules: [DesksModule],
  entities: [Desk],
  migrations: [Desks1770000000000],
  attributes: [
    extendResource(AccountResource, Desk, {
      attributes: {
        badge: { write: 'always', filter: ['eq'] },
        floor: { sort: true },
        desk: { write: 'create' },
        notes: { hidden: true },
      },
    }),
  ],
};

describe('The attributes that a team adds to accounts', () => {
  let app: TestApp;
  let env: Record<string, string>;

  beforeAll(async () => {
    app = await startApp({ extension });
    env = { ...databaseEnvironment(app.databaseUrl), DATA_DIR: app.config.dataDir, NODE_ENV: 'test' };
  });
  afterAll(() => app.stop());

  const run = (args: string[], input = '') => command(['accounts', ...args], env, input, extension);
  const load = (...values: object[]) =>
    run(['import', '-'], values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  const exported = async () => {
    const { out } = await run(['export']);
    return out
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
  };
  const stored = () =>
    app.sql(`SELECT badge, floor, furniture FROM desks JOIN accounts ON id = account_id
      WHERE email LIKE '%@team.example.com' ORDER BY email COLLATE "C"`);

  it('are imported by its rules, with the defaults of the database where a line says nothing', async () => {
    const wrong = { name: 'A', email: 'a@team.example.com', badge: 'x'.repeat(21), floor: 'two', notes: 'no' };
    const { err } = await load(wrong);
    expect(err).toMatch(/badge must have at most 20 /);
    expect(err).toContain('floor must be an integer');
    expect(err).toContain('There is no attribute "notes" here');
    const { exitCode } = await load(
      { name: 'A', email: 'a@team.example.com', badge: 'A-1', floor: 3, desk: { window: true } },
      { name: 'B', email: 'b@team.example.com', badge: null },
      { name: 'C', email: 'c@team.example.com' },
    );
    expect(exitCode).toBe(0);
    expect(await stored()).toEqual([
      { badge: 'A-1', floor: 3, furniture: { window: true } },
      { badge: null, floor: 7, furniture: null },
    ]);
  });

  it('are exported, the hidden ones apart, and what is exported is imported again', async () => {
    const lines = await exported();
    const [line] = lines.filter(({ email }) => email === 'a@team.example.com');
    expect(line).toMatchObject({ badge: 'A-1', floor: 3, desk: { window: true } });
    expect(line).not.toHaveProperty('notes');
    expect(lines.filter(({ email }) => email === 'c@team.example.com')).toMatchObject([{ badge: null, floor: null }]);
    await app.sql(`DELETE FROM accounts WHERE email = 'a@team.example.com'`);
    expect((await load(line ?? {})).exitCode).toBe(0);
    expect(await exported()).toEqual(lines);
  });

  it('are columns of CSV', async () => {
    const csv = 'E-mail,Floor,Tag\nd@team.example.com,12,D-4\n';
    const { exitCode } = await run(['import', '-', '--columns', 'email=E-mail,floor=Floor,badge=Tag'], csv);
    expect(exitCode).toBe(0);
    expect((await stored()).at(-1)).toMatchObject({ badge: 'D-4', floor: 12 });
  });
});
