import { readFile, writeFile } from 'node:fs/promises';
import type { OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API, createClient } from 'iam-client';
import { openApiDocument } from '../../src/docs/openapi-document.js';
import { clientSource } from '../../src/cli/client/client-source.js';
import { clientOperations } from '../../src/cli/client/operations.js';
import { operations } from '../contract/openapi.js';
import { startApp, type TestApp } from '../support/app.js';

const COMMITTED = new URL('../../packages/client/src/generated/api.ts', import.meta.url);

/** Where the verbs of a resource are. */
const VERBS = { list: 'GET', get: 'GET', create: 'POST', update: 'PATCH', delete: 'DELETE' } as const;
const OF_ROWS: ReadonlySet<string> = new Set(['get', 'update', 'delete']);

/** The operations that the methods of the client send, as `GET /accounts/{}`, with the methods' names. */
const METHODS: ReadonlyMap<string, string> = new Map(
  Object.entries(API).flatMap(([group, { type, verbs = [], operations: own = {} }]) => [
    ...verbs.map((verb): [string, string] => {
      const path = `/${type?.split(':')[1]}${OF_ROWS.has(verb) ? '/{}' : ''}`;
      return [`${VERBS[verb]} ${path}`, `${group}.${verb}`];
    }),
    ...Object.entries(own).map(([name, text]): [string, string] => {
      const [method, path = ''] = text.split(' ');
      return [`${method} ${path.replace(/\{\w+\}/g, '{}')}`, `${group}.${name}`];
    }),
  ]),
);

describe('The generated client', () => {
  let app: TestApp;
  let document: OpenAPIObject;

  beforeAll(async () => {
    app = await startApp();
    document = await openApiDocument(app.nest);
  });
  afterAll(() => app.stop());

  it('is the one that is committed (npm run openapi writes it)', async () => {
    const source = await clientSource(app.nest, '../core.js');
    if (process.env['UPDATE_OPENAPI'] === '1') await writeFile(COMMITTED, source);
    expect(await readFile(COMMITTED, 'utf8')).toBe(source);
  });

  it('has a method for each operation of openapi.json, and no other', () => {
    const described = [...operations(document).keys()].map((operation) => operation.replace(/\{\w+\}/g, '{}'));
    expect(described.length).toBeGreaterThan(40);
    expect([...METHODS.keys()].sort()).toEqual(described.sort());
  });

  it('has these methods on its objects', () => {
    const iam = createClient({ url: app.url }) as unknown as Record<string, Record<string, unknown>>;
    const missing = [...METHODS.values()].filter((name) => {
      const [group = '', method = ''] = name.split('.');
      return typeof iam[group]?.[method] !== 'function';
    });
    expect(missing).toEqual([]);
  });

  it('calls methods by the rule on paths and operationIds', () => {
    expect(METHODS.get('POST /accounts/{}/resend_invitation')).toBe('accounts.resendInvitation');
    expect(METHODS.get('POST /auth/login')).toBe('auth.login');
    expect(METHODS.get('GET /account/passwords/policy')).toBe('account.passwordPolicy');
    expect(METHODS.get('GET /roles')).toBe('roles.list');
    expect(METHODS.get('GET /.well-known/jwks.json')).toBe('wellKnown.jwks');
  });

  it('is not made where two operations would have the same method', () => {
    const twins = structuredClone(document);
    const path = twins.paths['/auth/me'];
    if (path?.get) twins.paths['/auth/whoami'] = { get: { ...path.get, operationId: 'auth_me' } };
    expect(() => clientOperations(twins, [])).toThrow(
      'GET /auth/whoami and GET /auth/me would both be auth.me(): give one another operationId',
    );
  });
});
