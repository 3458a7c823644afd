import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Roles } from '../../src/auth/authorization/roles.js';
import { parseRolesFile, RolesFileError, type RolesFile } from '../../src/auth/authorization/roles-file.js';

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

const FOUR: ReadonlySet<string> = new Set(['create', 'read', 'update', 'delete']);

function parse(text: string): RolesFile {
  return parseRolesFile(text, 'test.yml');
}

const folder = mkdtempSync(join(tmpdir(), 'iam-roles-'));
afterAll(() => rmSync(folder, { recursive: true }));
let written = 0;

/** The name of a file with this text. */
function writeRoles(text: string): string {
  const file = join(folder, `${written++}.yml`);
  writeFileSync(file, text);
  return file;
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

  it('do not allow assigning the roles system and anonymous', () => {
    expect(roles.assignable()).toEqual(['user', 'org_owner', 'admin']);
  });

  it('have titles and descriptions', () => {
    expect(roles.list().filter(({ title, description }) => !title || !description)).toEqual([]);
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
          rights: [read, iam:accounts.Peek.own, iam:accounts.read.all, accounts.read.own, iam:a.read.own, iam:a.read.own, 3]
    `);
    expect(errors).toEqual([
      'the file: "rolls" is not known here; known are extends, roles, resources, scope_aliases, role_scope_keys, default_role',
      'roles.Boss: a name is lower-case letters, digits and underscores, 100 at most',
      'roles.ranked.rank: must be a whole number from 0',
      'roles.unranked.rank: is missing',
      'roles.negative.rank: must be a whole number from 0',
      'roles.maybe.assignable: must be true or false',
      'roles.listless.rights: must be a list',
      'roles.rightless.rights: is missing',
      'roles.extra: "colour" is not known here; known are title, description, rank, assignable, mfa, rights, replace',
      'roles.scalar: must be a mapping',
      'roles.scalar.rank: is missing',
      'roles.scalar.rights: is missing',
      'roles.wrong.rights[6]: must be text',
      'roles.wrong.rights[5]: "iam:a.read.own" is listed twice',
      'roles.wrong.rights[0]: "read" is not resource.action.scope',
      'roles.wrong.rights[1]: "iam:accounts.Peek.own" has the action "Peek"; create, read, update, delete and * are on every resource',
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
      'every right only for anonymous, which no admin may be given',
      `roles: { user: { rank: 1, rights: [] }, anonymous: { rank: 0, rights: ['*.*.*'] } }`,
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
    const served = new Map(
      [
        'iam:accounts',
        'iam:account_factors',
        'iam:account_identities',
        'iam:account_passkeys',
        'iam:account_sessions',
        'iam:identity_providers',
        'iam:jobs',
        'iam:organizations',
        'iam:api_keys',
        'iam:trusted_devices',
      ].map((type) => [type, FOUR]),
    );
    expect(roles.errorsAgainst(served)).toEqual([]);
    served.delete('iam:organizations');
    expect(roles.errorsAgainst(served)).toEqual(
      ['user.rights: "iam:organizations.read.org"']
        .concat(['read', 'update'].map((action) => `org_owner.rights: "iam:organizations.${action}.org"`))
        .map((right) => `roles.${right}: no module serves iam:organizations, and "resources" does not declare it`),
    );
  });

  it('that cannot be read is named', () => {
    expect(() => new Roles({ rolesFile: `${BUILT_IN}.missing` })).toThrow(/cannot be read/);
  });
});

describe('resources of other services', () => {
  const DECLARED = `
scope_aliases: { as_user: own, as_org_owner: org }
resources:
  dataset:projects: { actions: [read, submit], scopes: [as_reader, own, '*'] }
roles:
${WITH_ADMIN}`;

  it('are named in rights as they are declared, which mean nothing here', () => {
    const rights = ['submit.as_reader', 'read.*', '*.own', 'read.as_user'].map((right) => `dataset:projects.${right}`);
    const { roles } = parse(`${DECLARED}  author: { rank: 1, rights: ${JSON.stringify(rights)} }`);
    expect(roles.get('author')?.rights).toEqual(rights);
    expect([...(roles.get('author')?.scopes('dataset:projects', 'read') ?? [])]).toEqual([]);
  });

  it('have the declared actions and scopes only', () => {
    const rights = ['delete.own', 'read.org', 'read.as_org_owner'].map((right) => `dataset:projects.${right}`);
    expect(errorsFor(`${DECLARED}  author: { rank: 1, rights: ${JSON.stringify(rights)} }`)).toEqual([
      'roles.author.rights[0]: "dataset:projects.delete.own" has the action "delete"; resources.dataset:projects declares read, submit and *',
      'roles.author.rights[1]: "dataset:projects.read.org" has the scope "org"; resources.dataset:projects declares as_reader, own, *',
      'roles.author.rights[2]: "dataset:projects.read.as_org_owner" has the scope "as_org_owner"; resources.dataset:projects declares as_reader, own, *',
    ]);
  });

  it('are declared in full, and are not those of this service', () => {
    const text = `
resources: { projects: { actions: [read], scopes: [own] }, 'a:b': {}, 'a:c': { actions: ['*'], scopes: [], colour: 1 } }
roles: {${WITH_ADMIN.replaceAll('\n', ',').slice(1, -1)}}`;
    expect(errorsFor(text)).toEqual([
      'resources.projects: a resource type is written as in "dataset:projects"',
      'resources.a:b.actions: is missing',
      'resources.a:b.scopes: is missing',
      'resources.a:c: "colour" is not known here; known are actions, scopes',
      'resources.a:c.actions: "*": a name is lower-case letters, digits and underscores, 100 at most',
      'resources.a:c.scopes: lists nothing',
    ]);
    const file = writeRoles(`${DECLARED.replace('dataset:projects', 'iam:accounts')}`);
    expect(new Roles({ rolesFile: file }).errorsAgainst(new Map([['iam:accounts', FOUR]]))).toEqual([
      'resources.iam:accounts: this service has this resource itself; its modules declare its actions',
    ]);
  });
});

describe('scope aliases', () => {
  it('give a scope another name, which stays in the published rights', () => {
    const role = parse(`
scope_aliases: { as_org_owner: org, everywhere: '*' }
roles:
${WITH_ADMIN}  lead: { rank: 1, rights: [iam:accounts.read.as_org_owner, iam:accounts.update.everywhere] }`).roles.get(
      'lead',
    );
    expect(role?.rights).toEqual(['iam:accounts.read.as_org_owner', 'iam:accounts.update.everywhere']);
    expect([...(role?.scopes('iam:accounts', 'read') ?? [])]).toEqual(['org']);
    expect([...(role?.scopes('iam:accounts', 'update') ?? [])]).toEqual(['*']);
  });

  it('are names of their own for scopes that exist', () => {
    const text = `
scope_aliases: { own: org, As: own, all: everything, no: 3, loop: all }
roles:
${WITH_ADMIN}  lead: { rank: 1, rights: [iam:accounts.read.some] }`;
    expect(errorsFor(text)).toEqual([
      'scope_aliases.own: own is built in and cannot be an alias',
      'scope_aliases.As: a name is lower-case letters, digits and underscores, 100 at most',
      'scope_aliases.all: "everything" is no scope; known are own, org and *',
      'scope_aliases.no: must be text',
      'scope_aliases.loop: "all" is no scope; known are own, org and *',
      'roles.lead.rights[0]: "iam:accounts.read.some" has the scope "some"; known are own, org, As, all, no, loop and *',
    ]);
  });
});

describe('an own action of a resource', () => {
  const roles = new Roles({
    rolesFile: writeRoles(`roles:
${WITH_ADMIN}
  keeper: { rank: 2, rights: [iam:devices.assign.org, iam:devices.read.own, '*.assign.own'] }
  owner: { rank: 1, rights: [iam:devices.*.own] }`),
  });
  const scopes = (role: string, action: string) => [...(roles.get(role)?.scopes('iam:devices', action) ?? [])];

  it('is granted like the four of every resource', () => {
    expect(scopes('keeper', 'assign')).toEqual(['org', 'own']);
    expect(scopes('keeper', 'update')).toEqual([]);
    expect(scopes('owner', 'assign')).toEqual(['own']);
    expect(scopes('admin', 'assign')).toEqual(['*']);
    expect(scopes('user', 'assign')).toEqual([]);
  });

  it('is declared by a module', () => {
    const served = (...actions: string[]) => new Map([['iam:devices', new Set([...FOUR, ...actions])]]);
    expect(roles.errorsAgainst(served('assign'))).toEqual([]);
    expect(roles.errorsAgainst(served('asign'))).toEqual([
      'roles.keeper.rights: "iam:devices.assign.org": no module declares the action "assign" on iam:devices; known are create, read, update, delete, asign and *',
      'roles.keeper.rights: "*.assign.own": no module declares the action "assign" on *; known are create, read, update, delete, asign and *',
    ]);
  });
});

describe('a roles file that extends the default', () => {
  it('adds roles, and rights and texts to built-in roles', () => {
    const builtIn = parseRolesFile(readFileSync(BUILT_IN, 'utf8'), BUILT_IN);
    const { roles, defaultRole } = parse(`
extends: default
roles:
  user: { title: Member, rights: [iam:jobs.read.own, iam:accounts.read.org] }
  auditor: { title: Auditor, rank: 30, rights: ['*.read.*'] }`);
    expect([...roles.keys()]).toEqual([...builtIn.roles.keys(), 'auditor']);
    expect(defaultRole).toBe('user');
    const [before, after] = [builtIn.roles.get('user'), roles.get('user')];
    expect(after?.rights).toEqual([...(before?.rights ?? []), 'iam:accounts.read.org']);
    expect([after?.title, after?.description, after?.rank]).toEqual(['Member', before?.description, 10]);
    expect(after?.can('iam:accounts', 'read', 'org')).toBe(true);
    expect(roles.get('admin')).toEqual(builtIn.roles.get('admin'));
  });

  it('replaces a built-in role where it says so', () => {
    const { roles } = parse(`
extends: default
roles: { user: { replace: true, rank: 5, rights: [iam:accounts.read.own] } }`);
    const { title, rank, rights } = roles.get('user') ?? {};
    expect([title, rank, rights]).toEqual([null, 5, ['iam:accounts.read.own']]);
  });

  it('needs no roles of its own', () => {
    expect(parse('extends: default\nrole_scope_keys: { region: }\n').roles.size).toBe(5);
  });

  it.each([
    ['extends: other', ['extends: must be default: the built-in roles', 'roles: is missing']],
    [
      'extends: default\nroles: { lead: { replace: true, rank: 1, rights: [] } }',
      ['roles.lead.replace: no built-in role of this name is extended'],
    ],
    [
      'extends: default\nroles: { user: { replace: true } }',
      ['roles.user.rank: is missing', 'roles.user.rights: is missing'],
    ],
    ['extends: default\nroles: { lead: { rights: [] } }', ['roles.lead.rank: is missing']],
    [
      `roles: { user: { replace: yes, rank: 1, rights: [] }, admin: { rank: 1, rights: ['*.*.*'] } }`,
      ['roles.user.replace: must be true or false'],
    ],
    [
      'extends: default\nroles: { user: { rights: [iam:accounts.delete.own, iam:accounts.delete.own] } }',
      ['roles.user.rights[1]: "iam:accounts.delete.own" is listed twice'],
    ],
    [
      'extends: default\nroles: { admin: { assignable: false } }',
      ['roles: no assignable role has every right (*.*.*); there could be no admin'],
    ],
    [
      'extends: default\nroles: { anonymous: { assignable: true } }',
      ['roles.anonymous.assignable: no account can be anonymous: the role is that of requests without credentials'],
    ],
    [
      'extends: default\ndefault_role: anonymous',
      ['default_role: "anonymous" is not an assignable role; new accounts could not be given one'],
    ],
  ])('is rejected when it says %j', (text, errors) => {
    expect(errorsFor(text)).toEqual(errors);
  });
});

it('anonymous cannot be assigned, whatever the file leaves out', () => {
  expect(parse(`roles:\n${WITH_ADMIN}  anonymous: { rank: 0, rights: [] }`).roles.get('anonymous')?.assignable).toBe(
    false,
  );
});
