import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ResourceRegistry } from '../../src/json-api/resource/registry.js';
import { CheckedClient } from '../contract/openapi.js';
import { startApp, type StartOptions, type TestApp } from '../support/app.js';
import { admin } from '../support/factories.js';
import type { Factory } from './fixtures.js';
import { scopeContract } from './scope.contract.js';
import { readingContract } from './reading.contract.js';
import { statementsContract } from './statements.contract.js';
import { Subject } from './subject.js';
import { writingContract } from './writing.contract.js';

/**
 * The contract of every resource of a service, for free: what the resource definitions list works and what they do not
 * list is rejected, foreign rows are hidden, and every answer is what the OpenAPI document promises. All that a
 * resource brings is a factory for its rows; one that has none fails.
 */
export function contractOf(options: StartOptions, fixtures: Readonly<Record<string, Factory>>): void {
  let app: TestApp;
  let subjects: ReadonlyMap<string, Subject>;

  beforeAll(async () => {
    app = await startApp(options);
    const { token, get } = await admin(app);
    const document: OpenAPIObject = (await get('/openapi.json')).body;
    const client = new CheckedClient(app, document);
    subjects = new Map(
      Object.entries(fixtures).map(([type, make]) => [type, new Subject(app, type, make, client, document, token)]),
    );
  });
  afterAll(() => app.stop());

  it('has a fixture for every resource', () => {
    const types = app.nest.get(ResourceRegistry).types();
    expect(Object.keys(fixtures).toSorted()).toEqual(types.toSorted());
  });

  describe.each(Object.keys(fixtures))('%s', (type) => {
    const subject = (): Subject => {
      const found = subjects.get(type);
      if (!found) throw new Error(`There is no ${type}`);
      return found;
    };
    readingContract(subject);
    writingContract(subject);
    scopeContract(subject);
    statementsContract(subject);
  });
}
