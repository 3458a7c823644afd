import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { AccountResource } from '../../src/accounts/account.resource.js';
import { AccountsModule } from '../../src/accounts/accounts.module.js';
import { AppModule } from '../../src/app.module.js';
import { combineExtensions, type Extension } from '../../src/app.extension.js';
import { loadConfig } from '../../src/config/load-config.js';
import { line } from '../../src/config/variables/schemas.js';
import { runCli } from '../../src/cli/run.js';
import { Readiness } from '../../src/health/readiness.js';
import { extended, extendResource, relateResource } from '../../src/json-api/resource/resource-extension.js';
import { Page } from '../../src/pages/page.decorators.js';
import { Sweeps } from '../../src/sweeps/sweeps.js';
import { PeriodicJobs } from '../../src/sweeps/periodic-jobs.js';
import { Command } from '@commander-js/extra-typings';
import { unprefixedPaths } from '../../src/transport/controller-routes.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';

@Module({})
class TwiceModule {}

@Entity('badges')
class Badge {
  @PrimaryColumn('uuid')
  @ForeignKey('Account', { onDelete: 'CASCADE' })
  accountId!: string;

  @Column({ type: 'text', nullable: true }) badge!: string | null;
  @Column({ type: 'text', nullable: true }) name!: string | null;
  @Column({ type: 'text' }) required!: string;
}

@Entity('loose_badges')
class Unattached {
  @PrimaryColumn('uuid') accountId!: string;
}

const variable = { schema: line, default: null, description: 'A test' };
const config = (extension: Extension) =>
  loadConfig({ ...TEST_ENVIRONMENT, DATABASE_URL: 'postgres://localhost/none' }, extension.variables);
const start = (extension: Extension) => () => AppModule.register(config(extension), extension);

describe('A mistake in an extension stops the start with a sentence that names it:', () => {
  it.each<[string, Extension, string]>([
    ['a module twice', { modules: [TwiceModule, TwiceModule] }, 'modules: TwiceModule is listed twice; remove one'],
    ['an entity twice', { entities: [Badge, Badge] }, 'entities: Badge is listed twice; remove one'],
    [
      'a variable of the service',
      { variables: { PORT: variable } },
      'variables: PORT is a variable of the service; call yours otherwise',
    ],
    ['the name of a variable', { variables: { limit: variable } }, 'variables: limit must have a name such as'],
    [
      'a constraint of the service',
      { constraints: { accounts_email_key_key: { code: 'conflict', detail: 'Taken' } } },
      'constraints: accounts_email_key_key is a constraint of the service, which has its error',
    ],
    [
      'a replacement of nothing',
      { replacements: [{ in: AccountsModule, providers: [TwiceModule] }] },
      'replacements: TwiceModule replaces no provider of AccountsModule; "provide" must be one of',
    ],
  ])('%s', (_, extension, sentence) => {
    expect(start(extension)).toThrow(sentence);
  });

  it('variables that the configuration was loaded without', () => {
    const extension = { variables: { INVENTORY_LIMIT: variable } };
    expect(() => AppModule.register(config({}), extension)).toThrow(
      'variables: INVENTORY_LIMIT was not read; load the configuration with loadConfig(env, extension.variables)',
    );
    expect(() => config({}).valuesOf(extension.variables)).toThrow('INVENTORY_LIMIT is not in "variables"');
  });

  it('a variable or a constraint that two extensions have', () => {
    const one = { variables: { LIMIT: variable } };
    expect(() => combineExtensions(one, one)).toThrow(
      'variables: two extensions have LIMIT; call one of them otherwise',
    );
  });

  it('an attribute, a relationship or a filter that is there already, and a column that is not nullable', () => {
    const add = (...properties: (keyof Badge & string)[]) =>
      extendResource(AccountResource, Badge, {
        attributes: Object.fromEntries(properties.map((property) => [property, { write: 'always' }])),
      });
    expect(() => extended(AccountResource, [add('badge')])).not.toThrow();
    expect(() => extended(AccountResource, [add('name')])).toThrow(
      'iam:accounts: attribute "name" is declared twice; call one of them otherwise',
    );
    expect(() => extended(AccountResource, [add('required')])).toThrow(
      'iam:accounts: the column Badge.required must be nullable: rows that are there already have no value',
    );
    expect(() => extended(AccountResource, [add('badge'), add('badge')])).toThrow(
      'iam:accounts: Badge holds attributes twice; declare them together',
    );
    const organizations = relateResource(AccountResource, { organizations: { many: 'iam:organizations', by: 'x' } });
    expect(() => extended(AccountResource, [organizations])).toThrow('relationship "organizations" is declared twice');
    expect(() => extended(AccountResource, [extendResource(AccountResource, Unattached, {})])).toThrow(
      "iam:accounts: Unattached.accountId needs a @ForeignKey with onDelete: 'CASCADE'",
    );
  });

  it('a page twice', async () => {
    @Page('stock')
    class FirstPage {
      @Get()
      show(): void {}
    }
    @Controller('stock')
    class SecondPage {
      @Get()
      list(): void {}
    }
    @Page('/stock/')
    class ThirdPage {
      @Get('/')
      list(): void {}
    }
    const pathsOf = async (...controllers: (new () => object)[]) => {
      const modules = new ModulesContainer();
      const metatypes = new Map(controllers.map((metatype) => [metatype, { metatype }]));
      modules.set('one', { controllers: metatypes } as never);
      return unprefixedPaths(modules);
    };
    expect((await pathsOf(FirstPage, SecondPage)).map(({ path }) => path)).toEqual(['stock']);
    await expect(pathsOf(FirstPage, ThirdPage)).rejects.toThrow(
      'GET /stock is served by FirstPage.show and by ThirdPage.list; give one of them another path',
    );
  });

  it('a command twice', async () => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const commands = [() => new Command('doctor')];
    expect(await runCli(['variables'], { commands }, { env: {}, stdin, stdout, stderr })).toBe(1);
    expect(String(stderr.read())).toBe('commands: there are two commands "doctor"; call yours otherwise\n');
  });

  it('a readiness check, a periodic job or a swept table twice', async () => {
    const module = await Test.createTestingModule({ providers: [Readiness, PeriodicJobs, Sweeps] })
      .useMocker(() => ({}))
      .compile();
    const check = { failing: 'degraded', check: async () => undefined } as const;
    expect(() => module.get(Readiness).add('database', check)).toThrow('There are two readiness checks "database"');
    const job = { name: 'inventory.daily', everySeconds: 60, run: async () => undefined };
    module.get(PeriodicJobs).register(job);
    expect(() => module.get(PeriodicJobs).register(job)).toThrow('There are two periodic jobs "inventory.daily"');
  });
});
