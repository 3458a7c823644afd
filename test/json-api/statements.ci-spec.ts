import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { AccountSessionsRepository } from '../../src/account-sessions/account-sessions.repository.js';
import { AccountsRepository } from '../../src/accounts/accounts.repository.js';
import { Actor, Role } from '../../src/auth/authorization/actor.js';
import { SCOPES, type Scope } from '../../src/auth/authorization/rights.js';
import { Roles } from '../../src/auth/authorization/roles.js';
import { ErrorList } from '../../src/json-api/document/errors.js';
import { ResourceRegistry } from '../../src/json-api/resource/registry.js';
import { RequestParser } from '../../src/json-api/http/json-api.guard.js';
import type { Statement } from '../../src/json-api/sql/sql.js';
import { OrganizationsRepository } from '../../src/organizations/organizations.repository.js';

const ROLES = new Roles({ rolesFile: fileURLToPath(new URL('../../roles.yml', import.meta.url)) });
const ACTORS = 10_000;
const ADDRESSES = 1_000;
/** How many of the addresses each actor asks for: all of them with IAM_TEST_LONG, which takes minutes. */
const ASKED = process.env['IAM_TEST_LONG'] ? ADDRESSES : 5;
/** In bytes: what the cache gives itself, and what the heap may grow by with it and with the remembered addresses. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_GROWTH = 64 * 1024 * 1024;

const roles = new Map(
  SCOPES.map((scope) => [
    scope,
    new Role({
      name: scope,
      rank: 1,
      assignable: true,
      rights: [{ text: `*.*.${scope}`, resource: '*', action: '*', scope }],
    }),
  ]),
);

function actorIn(scope: Scope): Actor {
  const role = roles.get(scope);
  if (!role) throw new TypeError(`There is no scope ${scope}`);
  return new Actor({
    id: randomUUID(),
    sessionId: randomUUID(),
    email: 'somebody@example.com',
    name: 'Somebody',
    pictureUrl: null,
    role,
    organizationIds: [randomUUID(), randomUUID(), randomUUID()],
    roleScopeExtra: {},
  });
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** In bytes, of what is still needed. */
function heap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe('Statements', () => {
  let registry: ResourceRegistry;
  let accounts: AccountsRepository;
  let parser: RequestParser;
  let sent: Statement[];

  beforeEach(() => {
    sent = [];
    registry = new ResourceRegistry();
    const query = async (statement: Statement): Promise<{ rows: unknown[][] }> => {
      sent.push(statement);
      return { rows: [] };
    };
    const dataSource = { driver: { master: { query } }, hasMetadata: () => true } as unknown as DataSource;
    accounts = new AccountsRepository(dataSource, registry, ROLES);
    accounts.onModuleInit();
    new OrganizationsRepository(dataSource, registry).onModuleInit();
    new AccountSessionsRepository(dataSource, registry).onModuleInit();
    parser = new RequestParser(registry.resource);
  });

  /** What an actor's list at this address sends. */
  async function statementOf(actor: Actor, url: string): Promise<Statement> {
    const { criteria } = parser.parse(
      { resource: accounts.resource, verb: 'index', action: 'read' },
      { url, headers: {} } as Parameters<RequestParser['parse']>[1],
      new ErrorList(),
    );
    if (!criteria) throw new TypeError('A list has criteria');
    await accounts.index(actor, criteria);
    const [statement] = sent.splice(0);
    if (!statement) throw new Error('Nothing was sent');
    return statement;
  }

  /** Ids of an actor and their organizations that are among the values. */
  const idsIn = (values: readonly unknown[]): string[] =>
    values.flat().filter((value): value is string => typeof value === 'string' && /^[0-9a-f-]{36}$/.test(value));
  const own = ({ id, organizationIds }: Actor): ReadonlySet<string> => new Set([id, ...organizationIds]);

  it('are the same text for all actors of one scope, each time with the values of the actor', async () => {
    const url = '/accounts?filter[name]=Jane&count=true&page[size]=50';
    for (const scope of ['own', 'org'] as const) {
      const [first, second] = [actorIn(scope), actorIn(scope)];
      const statements = [await statementOf(first, url), await statementOf(second, url), await statementOf(first, url)];
      expect(new Set(statements.map(({ text }) => text)).size).toBe(1);
      for (const [i, actor] of [first, second, first].entries()) {
        const ids = idsIn(statements[i]?.values ?? []);
        expect(ids.length).toBeGreaterThan(0);
        expect(ids.filter((id) => !own(actor).has(id))).toEqual([]);
      }
    }
    expect(registry.statements.size).toBe(2);
  });

  it('are others for another scope, form, filter or end of a cursor', async () => {
    const urls = ['', 'count=true', 'page[size]=2', 'page[number]=2', 'page[after]=', 'page[before]=', 'sort=-name']
      .concat('fields[iam:accounts]=name', 'fields[iam:accounts]=', 'filter[name]=a', 'filter[name]=null')
      .map((query) => `/accounts?${query}`);
    const texts = new Set<string>();
    for (const scope of SCOPES) {
      for (const url of urls) texts.add((await statementOf(actorIn(scope), url)).text);
    }
    expect(texts.size).toBe(SCOPES.length * urls.length);
    expect(registry.statements.size).toBe(texts.size);
  });

  it(`take a bounded part of memory, for ${ACTORS} actors and ${ADDRESSES} addresses`, async () => {
    const actors = Array.from({ length: ACTORS }, (_, n) => actorIn(n % 10 === 0 ? '*' : n % 2 === 0 ? 'org' : 'own'));
    const addresses = Array.from(
      { length: ADDRESSES },
      (_, n) => `/accounts?filter[name__match]=person ${n}&sort=-created_at&page[size]=${1 + (n % 1000)}`,
    );
    const before = heap();
    let strangers = 0;
    for (const [n, actor] of actors.entries()) {
      for (let i = 0; i < ASKED; i++) {
        const { values } = await statementOf(actor, addresses[(n * ASKED + i) % ADDRESSES] ?? '');
        const ids = own(actor);
        if (idsIn(values).some((id) => !ids.has(id))) strangers++;
      }
    }
    const growth = heap() - before;
    process.stderr.write(
      `${ACTORS} actors, ${ADDRESSES} addresses: ${registry.statements.size} statements of ` +
        `${(registry.statements.bytes / 1e6).toFixed(1)} MB by their own count, heap + ${(growth / 1e6).toFixed(1)} MB\n`,
    );
    expect(strangers).toBe(0);
    expect(registry.statements.bytes).toBeGreaterThan(0);
    expect(registry.statements.bytes).toBeLessThanOrEqual(MAX_BYTES);
    expect(growth).toBeLessThan(MAX_GROWTH);
    // Needed until here, and so part of what was measured before.
    expect(actors).toHaveLength(ACTORS);
  }, 1_200_000);

  it('give way to newer ones when there are too many, and are made again as they were', async () => {
    const actor = actorIn('org');
    const urlOf = (n: number): string =>
      `/accounts?fields[iam:accounts]=${['name', 'email', 'enabled', 'role_name', 'picture_url', 'joined_at'][n % 6]}&page[size]=${1 + Math.floor(n / 6)}`;
    const before = heap();
    const first = await statementOf(actor, urlOf(0));
    const made = 6_000;
    for (let n = 1; n < made; n++) await statementOf(actor, urlOf(n));
    expect(registry.statements.size).toBeLessThan(made);
    expect(registry.statements.bytes).toBeGreaterThan(MAX_BYTES - 100_000);
    expect(registry.statements.bytes).toBeLessThanOrEqual(MAX_BYTES);
    expect(heap() - before).toBeLessThan(MAX_GROWTH);
    expect((await statementOf(actor, urlOf(0))).text).toBe(first.text);
  }, 60_000);

  it('are made of addresses that take a bounded part of memory, however many values they name', async () => {
    const filters = ['name', 'email', 'email__in', 'sso_channel', 'role_name', 'role_name__in', 'role_name__nin'];
    const words = Array.from({ length: 200 }, (_, n) => `word-${n}`);
    const longest = filters.map((name) => `filter[${name}]=${words.join()}`).join('&');
    const before = heap();
    for (let n = 0; n < 600; n++) {
      const errors = new ErrorList();
      const url = `/accounts?${longest}&page[number]=${n + 1}`;
      parser.parse(
        { resource: accounts.resource, verb: 'index', action: 'read' },
        { url, headers: {} } as Parameters<RequestParser['parse']>[1],
        errors,
      );
      expect(errors.length).toBe(0);
    }
    expect(heap() - before).toBeLessThan(16 * 1024 * 1024);
  }, 60_000);
});
