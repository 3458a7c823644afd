import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { OpenAPIObject } from '@nestjs/swagger';
import { lintFromString, loadConfig } from '@redocly/openapi-core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';
import { ENDPOINTS, operations, references, resolve, type Operation } from './openapi.js';

const COMMITTED = fileURLToPath(new URL('../../openapi.json', import.meta.url));
const LINTER = fileURLToPath(new URL('../../redocly.yaml', import.meta.url));

/** Operations that need no credentials. */
const PUBLIC = [
  'GET /.well-known/jwks.json',
  'GET /.well-known/oauth-authorization-server',
  'GET /account/passwords/policy',
  'GET /account/passwords/token_valid',
  'GET /accounts/{token}/invitation',
  'GET /auth/logout',
  'GET /auth/providers',
  'GET /auth/refresh',
  'GET /health/live',
  'GET /health/ready',
  'PATCH /accounts/{token}/join',
  'POST /account/email/confirm',
  'POST /account/email/revert',
  'POST /account/passwords/request_reset',
  'POST /account/passwords/reset',
  'POST /auth/login',
  'POST /auth/logout',
  'POST /auth/mfa',
  'POST /auth/passkey',
  'POST /auth/passkey/options',
  'POST /auth/refresh',
  'POST /auth/sso/exchange',
  'POST /auth/sso/{slug}/backchannel_logout',
  'POST /auth/token',
];

/** Operations whose errors are those of RFC 6749. */
const OAUTH_ERRORS = new Set(['POST /auth/token', 'POST /auth/sso/{slug}/backchannel_logout']);

/** The OpenAPI document: what is promised to clients. Whether it is kept is in `responses.e2e-spec.ts`. */
describe('The OpenAPI document', () => {
  let app: TestApp;
  let document: OpenAPIObject;
  let all: Map<string, Operation>;

  beforeAll(async () => {
    app = await startApp();
    document = (await send(app, 'GET', '/openapi.json')).body;
    all = operations(document);
  });
  afterAll(() => app.stop());

  it('is the one that is committed (UPDATE_OPENAPI=1 writes it)', async () => {
    const text = `${JSON.stringify(document, null, 2)}\n`;
    if (process.env['UPDATE_OPENAPI'] === '1') await writeFile(COMMITTED, text);
    expect(await readFile(COMMITTED, 'utf8')).toBe(text);
  });

  it('is valid OpenAPI 3.1, and its linter has nothing to say', async () => {
    expect(document.openapi).toBe('3.1.0');
    const config = await loadConfig({ configPath: LINTER });
    const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: COMMITTED, config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
  });

  it('refers only to what it has', () => {
    const broken = references(document).filter((reference) => resolve(document, reference) === undefined);
    expect(broken).toEqual([]);
  });

  it('calls every operation by a name of its own', () => {
    const names = [...all.values()].map(({ operationId }) => operationId);
    expect(names).toEqual([...new Set(names)]);
    expect(names).not.toContain(undefined);
  });

  describe('suits generators of clients:', () => {
    const schemas = (): [string, Record<string, unknown>][] =>
      Object.entries((document.components?.schemas ?? {}) as Record<string, Record<string, unknown>>);

    it('every attribute of a resource is required, and typed', () => {
      const resources = schemas().filter(([name]) => name.endsWith('Resource'));
      expect(resources.length).toBeGreaterThan(3);
      for (const [name, { properties, required }] of resources) {
        const { attributes } = properties as { attributes: { properties: Record<string, object>; required: string[] } };
        expect([name, required]).toEqual([name, expect.arrayContaining(['type', 'id', 'attributes', 'links'])]);
        expect([name, attributes.required]).toEqual([name, Object.keys(attributes.properties)]);
        for (const attribute of Object.values(attributes.properties)) expect(attribute).toHaveProperty('type');
      }
    });

    it('no member of a body has a default, which generators take for a member that is always there', () => {
      expect(schemas().filter(([, schema]) => JSON.stringify(schema).includes('"default"'))).toEqual([]);
    });

    it('the keys of sort, the fields of a type and booleans are closed lists', () => {
      const index = all.get('GET /accounts')?.parameters ?? [];
      const schemaOf = (name: string): unknown => index.find((one) => 'name' in one && one.name === name);
      const keys = { type: 'string', enum: expect.arrayContaining(['id', '-id', 'name', '-created_at']) };
      const list = { style: 'form', explode: false };
      expect(schemaOf('sort')).toMatchObject({ ...list, schema: { anyOf: [keys, { type: 'array', items: keys }] } });
      expect(schemaOf('fields[iam:organizations]')).toMatchObject({
        ...list,
        schema: {
          anyOf: [
            { type: 'string' },
            { items: { enum: ['name', 'mfa_required', 'created_at', 'updated_at', 'accounts'] } },
          ],
        },
      });
      expect(schemaOf('filter[enabled]')).toMatchObject({ schema: { type: 'boolean' } });
    });

    it('a document is promised in application/json as well', () => {
      for (const [name, { responses }] of all) {
        for (const response of Object.values(responses)) {
          const types = response && 'content' in response ? Object.keys(response.content ?? {}) : [];
          if (types.length > 0) expect([name, types]).toEqual([name, expect.arrayContaining(['application/json'])]);
        }
      }
    });
  });

  it('marks exactly the public operations as such', () => {
    const open = [...all].filter(([, { security }]) => security?.length === 0).map(([name]) => name);
    expect(open.sort()).toEqual(PUBLIC);
    expect(document.security).toEqual([{ bearer: [] }, { cookie: [] }]);
  });

  it('says of every operation how it rejects, in error documents', () => {
    for (const [name, { responses, security }] of all) {
      if (OAUTH_ERRORS.has(name)) continue;
      const rejections = Object.entries(responses).filter(([status]) => status >= '400');
      expect([name, rejections.map(([status]) => status)]).toEqual([name, expect.arrayContaining(['400', '406'])]);
      if (!security) expect(Object.keys(responses)).toContain('401');
      for (const [, response] of rejections) {
        expect([...new Set(references(response))]).toEqual(['#/components/schemas/Errors']);
      }
    }
  });

  describe.each(ENDPOINTS)('has $method $path', ({ method, path, operation, tag, status, body, parameters }) => {
    const described = (): Operation => all.get(`${method} ${path}`) ?? { responses: {} };

    it(`as ${operation} of the ${tag}, answering ${status}`, () => {
      expect(described()).toMatchObject({ summary: operation, tags: [tag] });
      const good = Object.keys(described().responses).filter((code) => code < '300');
      expect(good).toContain(String(status));
      expect(described().requestBody !== undefined).toBe(body);
    });

    it('with its parameters', () => {
      const type = `iam:${path.split('/')[1]}`;
      const known = (described().parameters ?? []).flatMap((parameter) =>
        'name' in parameter ? [[parameter.name, parameter.in, parameter.required ?? false]] : [],
      );
      expect(known).toEqual(
        expect.arrayContaining(
          // What the reference calls `fields` is a parameter for each type.
          parameters.map((one) => [one.name === 'fields' ? `fields[${type}]` : one.name, one.in, one.required]),
        ),
      );
      expect(new Set(known.map(String)).size).toBe(known.length);
    });
  });
});
