import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ModulesContainer } from '@nestjs/core';
import { Actor, Role } from '../../auth/authorization/actor.js';
import { SCOPES, type Scope } from '../../auth/authorization/rights.js';
import { parseCriteria } from '../../json-api/query/criteria.parser.js';
import { ErrorList } from '../../json-api/document/errors.js';
import { LIMITS } from '../../json-api/limits.js';
import { ResourceRegistry } from '../../json-api/resource/registry.js';
import type { Filter } from '../../json-api/resource/attributes.js';
import type { Identified } from '../../json-api/resource/resource-definition.js';
import { ResourceRepository } from '../../json-api/resource.repository.js';
import type { TestRunner } from '../runner.js';
import { sentBy } from './sent-statements.js';
import { typeOf, type Subject, valuesOf } from './subject.js';

/** Organizations of an actor who belongs to many. */
const MANY_ORGANIZATIONS = 10_000;

/** `count` values of a filter, all different where the type has so many; each list has values of one sort. */
type Values = (count: number) => readonly string[];

const each =
  (value: (n: number) => string): Values =>
  (count) =>
    Array.from({ length: count }, (_, n) => value(n));
const day = (n: number): string => new Date(Date.UTC(2020, 0, 1 + 2 * n)).toISOString().slice(0, 10);
const instant = (n: number): string => new Date(Date.UTC(2020, 0, 1) + n * 12_345).toISOString();
const ids = (count: number): string[] => Array.from({ length: count }, () => randomUUID()).sort();

const words = (count: number): string => each((n) => `word${n}`)(count).join(' ');

const LISTS: Readonly<Record<string, readonly Values[]>> = {
  string: [each((n) => `value ${n}`)],
  uuid: [each(() => randomUUID())],
  boolean: [each(() => 'true')],
  integer: [each(String)],
  date: [each(day)],
  numeric: [each(String)],
  list: [each((n) => `item ${n}`)],
  time: [each(instant), each(day), (count) => [day(0), ...each(instant)(count - 1)].slice(-count)],
};

/** Queries with one filter, of a few values and of as many as may be: each pair is to have one text. */
function pairs({ name, takes, nullable, type }: Filter): (readonly [few: string, many: string])[] {
  const query = (values: readonly string[]): string => `filter[${name}]=${values.map(encodeURIComponent).join()}`;
  const max = LIMITS.filterValues;
  const typeName = typeOf({ type });
  if (takes === 'list') {
    const example = (type.base ? type.schema['examples'] : valuesOf({ type })) as readonly unknown[] | undefined;
    const lists = type.base || typeName === 'enum' ? [each(() => String(example?.[0]))] : LISTS[typeName];
    return (lists ?? []).flatMap((values) => {
      const plain = [query(values(1)), query(values(max))] as const;
      return nullable
        ? [plain, [query([...values(1), 'null']), query([...values(max - 1), 'null'])] as const]
        : [plain];
    });
  }
  const json = (count: number, key: string): string => JSON.stringify({ [key]: ids(count) });
  const whole: Readonly<Record<string, readonly Values[]>> = {
    string: [(count) => [words(count)]],
    words: [(count) => [words(Math.min(count, LIMITS.searchWords))]],
    json: [(count) => [json(count, 'org')], (count) => [json(count, 'region')]],
    time: [(count) => [day(count)], (count) => [instant(count)]],
    date: [(count) => [day(count)]],
    numeric: [(count) => [String(count)]],
    integer: [(count) => [String(count)]],
  };
  return (whole[typeName] ?? []).map((values) => [query(values(1)), query(values(max))] as const);
}

/** An actor with every action in one scope, and these organizations. */
function actorIn(scope: Scope, organizationIds: readonly string[]): Actor {
  const right = { text: `*.*.${scope}`, resource: '*', action: '*', scope };
  return new Actor({
    id: randomUUID(),
    sessionId: randomUUID(),
    email: 'person@example.com',
    name: 'Person',
    pictureUrl: null,
    role: new Role({ name: 'any', rank: 1, assignable: true, rights: [right] }),
    organizationIds,
    roleScopeExtra: {},
  });
}

/** What PostgreSQL is sent: its text is the same however many values a client sends or an actor has. */
export function statementsContract({ it }: TestRunner, subject: () => Subject): void {
  function repositoryOf({ iam, type }: Subject): ResourceRepository<Identified, Actor> {
    for (const module of iam.nest.get(ModulesContainer).values()) {
      for (const { instance } of module.providers.values()) {
        if (instance instanceof ResourceRepository && instance.resource.type === type) return instance;
      }
    }
    throw new Error(`No repository serves ${type}`);
  }

  /** The texts of what a list with this query sends. */
  async function texts(on: Subject, actor: Actor, query: string): Promise<string[]> {
    const errors = new ErrorList();
    const lookup = on.iam.nest.get(ResourceRegistry).resource;
    const criteria = parseCriteria(on.resource, lookup, `${on.path}?${query}`, errors);
    assert.deepEqual([query, [...errors]], [query, []]);
    const sent = await sentBy(on.iam.nest, () => repositoryOf(on).index(actor, criteria));
    assert.ok(sent.length > 0, `${query} sends no statement`);
    return sent;
  }

  it('sends one text for one value of a filter and for as many as may be', async () => {
    const on = subject();
    for (const scope of SCOPES) {
      const actor = actorIn(scope, ids(3));
      for (const filter of on.resource.filters.values()) {
        if (filter.scope !== undefined && filter.scope !== scope) continue;
        assert.ok(pairs(filter).length > 0, `${filter.name} has no values to be tested with`);
        for (const [few, many] of pairs(filter)) {
          const [one, other] = [await texts(on, actor, few), await texts(on, actor, many)];
          assert.deepEqual([filter.name, scope, other], [filter.name, scope, one]);
        }
      }
    }
  });

  it('sends one text for an actor of one organization and of many', async () => {
    const on = subject();
    const include = [...on.resource.relationships.keys()].join();
    // With a member, so that there are rows for which something is included.
    const { id: own } = await on.iam.create.organization();
    await on.iam.create.account({ of: own });
    const [few, many] = [actorIn('org', [own]), actorIn('org', [own, ...ids(MANY_ORGANIZATIONS)])];
    for (const query of ['', `included=${include}`, 'count=true&page[number]=2', 'page[after]=&sort=-id']) {
      assert.deepEqual(await texts(on, many, query), await texts(on, few, query));
    }
  });
}
