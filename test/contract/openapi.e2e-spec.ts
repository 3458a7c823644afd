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
  'GET /account/passwords/policy',
  'GET /account/passwords/token_valid',
  'GET /accounts/{token}/invitation',
  'GET /auth/logout',
  'GET /auth/refresh',
  'GET /health/live',
  'GET /health/ready',
  'PATCH /accounts/{token}/join',
  'POST /account/passwords/request_reset',
  'POST /account/passwords/reset',
  'POST /auth/login',
  'POST /auth/logout',
  'POST /auth/refresh',
];

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

  it('marks exactly the public operations as such', () => {
    const open = [...all].filter(([, { security }]) => security?.length === 0).map(([name]) => name);
    expect(open.sort()).toEqual(PUBLIC);
    expect(document.security).toEqual([{ bearer: [] }, { cookie: [] }]);
  });

  it('says of every operation how it rejects, in error documents', () => {
    for (const [name, { responses, security }] of all) {
      const rejections = Object.entries(responses).filter(([status]) => status >= '400');
      expect([name, rejections.map(([status]) => status)]).toEqual([name, expect.arrayContaining(['400', '406'])]);
      if (!security) expect(Object.keys(responses)).toContain('401');
      for (const [, response] of rejections) {
        expect(references(response)).toEqual(['#/components/schemas/Errors']);
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
      const known = (described().parameters ?? []).flatMap((parameter) =>
        'name' in parameter ? [[parameter.name, parameter.in, parameter.required ?? false]] : [],
      );
      expect(known).toEqual(
        expect.arrayContaining(parameters.map(({ name, in: place, required }) => [name, place, required])),
      );
      expect(new Set(known.map(String)).size).toBe(known.length);
    });
  });
});
