import { randomUUID } from 'node:crypto';
import { ModulesContainer } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Actor, Role } from '../../src/auth/authorization/actor.js';
import { ACTIONS, SCOPES, type Scope } from '../../src/auth/authorization/rights.js';
import { Roles } from '../../src/auth/authorization/roles.js';
import { ResourceRegistry } from '../../src/json-api/resource/registry.js';
import { ResourceRepository } from '../../src/json-api/resource.repository.js';
import type { Identified } from '../../src/json-api/resource/resource-definition.js';
import { startApp, type TestApp } from '../support/app.js';

const BUILT_IN = ['anonymous', 'user', 'org_owner', 'admin', 'system'];

/** Resources whose rows only their account sees: the scope `*` covers no more of them than `own`. */
const PRIVATE: readonly string[] = ['iam:account_passkeys', 'iam:trusted_devices'];

/** An actor whose role has every action in one scope. */
function actorIn(scope: Scope): Actor {
  const right = { text: `*.*.${scope}`, resource: '*', action: '*', scope };
  return new Actor({
    id: randomUUID(),
    sessionId: randomUUID(),
    email: 'somebody@example.com',
    name: 'Somebody',
    pictureUrl: null,
    role: new Role({ name: 'any', rank: 1, assignable: true, rights: [right] }),
    organizationIds: [randomUUID()],
    roleScopeExtra: {},
  });
}

describe('Repositories', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  function repositories(): Map<string, ResourceRepository<Identified, Actor>> {
    const providers = [...app.nest.get(ModulesContainer).values()].flatMap((module) => [...module.providers.values()]);
    return new Map(
      providers.flatMap(({ instance }) =>
        instance instanceof ResourceRepository ? [[instance.resource.type, instance] as const] : [],
      ),
    );
  }

  it('are those of the registry', () => {
    expect([...repositories().keys()].sort()).toEqual(app.nest.get(ResourceRegistry).types().sort());
    expect(repositories().size).toBeGreaterThan(3);
  });

  it('reach some rows in every scope that a built-in role has on them', () => {
    const unreached: string[] = [];
    for (const [type, repository] of repositories()) {
      for (const name of BUILT_IN) {
        const role = app.nest.get(Roles, { strict: false }).get(name);
        for (const action of ACTIONS) {
          for (const scope of role?.scopes(type, action) ?? []) {
            const condition = repository.scopeCondition(actorIn(scope), action).compile().text;
            if (/^\(?FALSE\)?$/.test(condition)) unreached.push(`${name}: ${type}.${action}.${scope}`);
          }
        }
      }
    }
    expect(unreached).toEqual([]);
  });

  it('reach everything in the scope * alone', () => {
    const scopeSql = (repository: ResourceRepository<Identified, Actor>, scope: Scope): string =>
      repository.scopeCondition(actorIn(scope), 'read').compile().text;
    for (const [type, repository] of repositories()) {
      expect([type, scopeSql(repository, '*')]).not.toEqual([type, 'FALSE']);
      for (const scope of SCOPES.filter((one) => one !== '*')) {
        if (scope === 'own' && PRIVATE.includes(type)) continue;
        expect([type, scope, scopeSql(repository, scope)]).not.toEqual([type, scope, scopeSql(repository, '*')]);
      }
    }
  });

  it('match nothing for an actor without rights', () => {
    const withoutRights = new Role({ name: 'nobody', rank: 0, assignable: false, rights: [] });
    const actor = new Actor({ ...actorIn('own'), role: withoutRights, roleScopeExtra: {} });
    for (const [type, repository] of repositories()) {
      expect([type, repository.scopeCondition(actor, 'read').compile().text]).toEqual([type, 'FALSE']);
    }
  });
});
