import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Roles, RolesCheck } from '../../src/auth/authorization/roles.js';
import { parseRolesFile, RolesFileError, type RolesFile } from '../../src/auth/authorization/roles-file.js';
import { ResourceRegistry } from '../../src/json-api/resource/registry.js';

const BUILT_IN = fileURLToPath(new URL('../../roles.yml', import.meta.url));

function errorsFor(text: string): readonly string[] {
  try {
    parseRolesFile(text, 'test.yml');
  } catch (error) {
    if (error instanceof RolesFileError) return error.errors;
    throw error;
  }
  return [];
}

function parse(text: string): RolesFile {
  return parseRolesFile(text, 'test.yml');
}

/** A file that is right, to be spoilt in one place. */
const WITH_ADMIN = `
  admin: { rank: 80, rights: ['*.*.*'] }
  user: { rank: 10, rights: [] }
`;

describe('the built-in roles', () => {
  const roles = new Roles({ rolesFile: BUILT_IN });
  const scopes = (role: string, type: string, action: 'create' | 'read' | 'update' | 'delete'): string[] => [
    ...(roles.get(role)?.scopes(type, action) ?? ['no such role']),
  ];

  it('are ranked as the contract ranks them', () => {
    const ranks = ['anonymous', 'user', 'org_owner', 'admin', 'system'].map((name) => roles.get(name)?.rank);
    expect(ranks).toEqual([0, 10, 20, 80, 99]);
  });

  it('do not allow assigning the system role', () => {
    expect(roles.assignable()).toEqual(['anonymous', 'user', 'org_owner', 'admin']);
  });

  it('count admin and system as having every right', () => {
    expect(roles.fullAccessNames()).toEqual(['admin', 'system']);
  });

  it('give accounts without a role name the role user', () => {
    expect(roles.defaultName).toBe('user');
  });

  it.each([
    ['anonymous', 'iam:accounts', ['', '', '', '']],
    ['anonymous', 'iam:account_sessions', ['', '', '', '']],
    ['anonymous', 'iam:organizations', ['', '', '', '']],
    ['user', 'iam:accounts', ['', 'own', 'own', '']],
    ['user', 'iam:account_sessions', ['', 'own', '', 'own']],
    ['user', 'iam:organizations', ['', 'org', '', '']],
    ['org_owner', 'iam:accounts', ['org', 'org', 'org', 'org']],
    ['org_owner', 'iam:account_sessions', ['', 'own', '', 'own']],
    ['org_owner', 'iam:organizations', ['', 'org', 'org', '']],
    ['admin', 'iam:accounts', ['*', '*', '*', '*']],
    ['admin', 'iam:anything_to_come', ['*', '*', '*', '*']],
    ['system', 'iam:organizations', ['*', '*', '*', '*']],
  ])('give %s on %s the scopes %j to create, read, update and delete', (role, type, expected) => {
    const actual = (['create', 'read', 'update', 'delete'] as const).map((action) => scopes(role, type, action).join());
    expect(actual).toEqual(expected);
  });

  it('have no role of another name, nor of a name that every object has', () => {
    expect(roles.get('nobody')).toBeNull();
    expect(roles.get('constructor')).toBeNull();
    expect(roles.get('__proto__')).toBeNull();
  });
});

describe('a right', () => {
  const file = parse(`roles:
${WITH_ADMIN}
  mixed: { rank: 5, rights: ['*.read.own', 'iam:accounts.*.org', 'iam:accounts.read.*', 'iam:organizations.read.org'] }
  piecemeal: { rank: 5, rights: ['*.create.*', '*.read.*', '*.update.*', '*.delete.*'] }
  almost: { rank: 5, rights: ['*.create.*', '*.read.*', '*.update.*', '*.delete.org'] }`);
  const mixed = file.roles.get('mixed');

  it('on every resource type adds to those on a single one', () => {
    expect([...(mixed?.scopes('iam:organizations', 'read') ?? [])]).toEqual(['own', 'org']);
    expect([...(mixed?.scopes('iam:other', 'read') ?? [])]).toEqual(['own']);
    expect([...(mixed?.scopes('iam:other', 'update') ?? [])]).toEqual([]);
  });

  it('for all rows swallows the narrower ones', () => {
    expect([...(mixed?.scopes('iam:accounts', 'read') ?? [])]).toEqual(['*']);
    expect(mixed?.can('iam:accounts', 'read', 'own')).toBe(true);
  });

  it('for one scope says nothing about another', () => {
    expect(mixed?.can('iam:accounts', 'update', 'org')).toBe(true);
    expect(mixed?.can('iam:accounts', 'update', 'own')).toBe(false);
    expect(mixed?.can('iam:accounts', 'update', '*')).toBe(false);
  });

  it('makes a role one with every right only when nothing is missing', () => {
    expect(file.roles.get('piecemeal')?.everything).toBe(true);
    expect(file.roles.get('almost')?.everything).toBe(false);
  });
});

describe('a roles file', () => {
  it('is rejected with all errors at once', () => {
    const errors = errorsFor(`
      rolls: {}
      default_role: 7
      role_scope_keys:
        org: {}
        region: { values: [eu, eu], max_items: 0, colour: red }
      roles:
        Boss: { rank: 1, rights: [] }
        ranked: { rank: high, rights: [] }
        unranked: { rights: [] }
        negative: { rank: -1, rights: [] }
        maybe: { rank: 1, assignable: perhaps, rights: [] }
        listless: { rank: 1, rights: iam:accounts.read.own }
        rightless: { rank: 1 }
        extra: { rank: 1, rights: [], colour: red }
        scalar: 5
        wrong:
          rank: 1
          rights: [read, iam:accounts.peek.own, iam:accounts.read.all, accounts.read.own, iam:a.read.own, iam:a.read.own, 3]
    `);
    expect(errors).toEqual([
      'the file: "rolls" is not known here; known are roles, role_scope_keys, default_role',
      'roles.Boss: a name is lower-case letters, digits and underscores, 100 at most',
      'roles.ranked.rank: must be a whole number from 0',
      'roles.unranked.rank: is missing',
      'roles.negative.rank: must be a whole number from 0',
      'roles.maybe.assignable: must be true or false',
      'roles.listless.rights: must be a list',
      'roles.rightless.rights: is missing',
      'roles.extra: "colour" is not known here; known are rank, assignable, rights',
      'roles.scalar: must be a mapping',
      'roles.scalar.rank: is missing',
      'roles.scalar.rights: is missing',
      'roles.wrong.rights[6]: must be text',
      'roles.wrong.rights[5]: "iam:a.read.own" is listed twice',
      'roles.wrong.rights[0]: "read" is not resource.action.scope',
      'roles.wrong.rights[1]: "iam:accounts.peek.own" has the action "peek"; known are create, read, update, delete and *',
      'roles.wrong.rights[2]: "iam:accounts.read.all" has the scope "all"; known are own, org and *',
      'roles.wrong.rights[3]: "accounts.read.own" has the resource "accounts"; write a type such as iam:accounts, or *',
      'role_scope_keys.org: org is built in and cannot be declared',
      'role_scope_keys.region: "colour" is not known here; known are values, max_items',
      'role_scope_keys.region.values[1]: "eu" is listed twice',
      'role_scope_keys.region.max_items: must be a whole number from 1 to 1000',
      'default_role: must be text',
    ]);
  });

  it.each([
    ['nothing in it', '', ['the file: must be a mapping', 'roles: is missing']],
    ['no roles key', 'default_role: user', ['roles: is missing']],
    ['a role twice', 'roles:\n  a: { rank: 1, rights: [] }\n  a: {}', ['line 3: Map keys must be unique']],
    ['an unquoted *', 'roles:\n  a: { rank: 1, rights: [ *.*.* ] }', [expect.stringContaining('must stand in quotes')]],
    [
      'no role with every right',
      'roles: { user: { rank: 1, rights: [] } }',
      ['roles: no assignable role has every right (*.*.*); there could be no admin'],
    ],
    [
      'every right only where it cannot be assigned',
      `roles: { user: { rank: 1, rights: [] }, top: { rank: 9, assignable: false, rights: ['*.*.*'] } }`,
      ['roles: no assignable role has every right (*.*.*); there could be no admin'],
    ],
    [
      'a role that no actor could assign',
      `roles:\n${WITH_ADMIN}  auditor: { rank: 90, rights: ['*.read.*'] }`,
      ['roles.auditor.rank: 90 is above every assignable role with all rights; "auditor" could not be assigned'],
    ],
    [
      'a default role that does not exist',
      `default_role: member\nroles:\n${WITH_ADMIN}`,
      ['default_role: "member" is not an assignable role; new accounts could not be given one'],
    ],
    [
      'a default role that cannot be assigned',
      `roles: { admin: { rank: 1, rights: ['*.*.*'] }, user: { rank: 1, assignable: false, rights: [] } }`,
      ['default_role: "user" is not an assignable role; new accounts could not be given one'],
    ],
  ])('is rejected when it has %s', (_, text, errors) => {
    expect(errorsFor(text)).toEqual(errors);
  });

  it('declares what role_scope may carry besides org', () => {
    const { scopeKeys } = parse(
      `roles:\n${WITH_ADMIN}\nrole_scope_keys:\n  region: { values: [eu, us] }\n  cost_center:\n`,
    );
    expect([...scopeKeys]).toEqual([
      ['region', { values: new Set(['eu', 'us']), maxItems: 100 }],
      ['cost_center', { values: null, maxItems: 100 }],
    ]);
  });

  it('that names unknown resource types is rejected once the resources are registered', () => {
    const roles = new Roles({ rolesFile: BUILT_IN });
    const types = ['iam:accounts', 'iam:account_sessions', 'iam:jobs', 'iam:organizations'];
    expect(roles.unknownTypes(types)).toEqual([]);
    expect(roles.unknownTypes(types.slice(0, 3))).toEqual([
      'roles.user.rights: no resource has the type "iam:organizations"',
      'roles.org_owner.rights: no resource has the type "iam:organizations"',
    ]);
    const check = new RolesCheck({ rolesFile: BUILT_IN }, roles, new ResourceRegistry());
    expect(() => check.onApplicationBootstrap()).toThrow(RolesFileError);
  });

  it('that cannot be read is named', () => {
    expect(() => new Roles({ rolesFile: `${BUILT_IN}.missing` })).toThrow(/cannot be read/);
  });
});
