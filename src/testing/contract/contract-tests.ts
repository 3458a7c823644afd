import assert from 'node:assert/strict';
import type { OpenAPIObject } from '@nestjs/swagger';
import { entities } from '../../database/schema.js';
import { type AnyTestRunner, runnerOf } from '../runner.js';
import type { TestIam } from '../test-iam.js';
import { OpenApiCheck } from './openapi-check.js';
import { readingContract } from './reading.js';
import { scopeContract } from './scope.js';
import { statementsContract } from './statements.js';
import { type Fixture, registryOf, Subject } from './subject.js';
import { writingContract } from './writing.js';

/** What the contract tests need. */
export interface ContractOptions {
  /** Starts the app: `() => startIam({ extension })`. It is stopped at the end. */
  readonly start: () => Promise<TestIam>;
  /** A fixture for each resource of the extension. With one for a resource of the service, this is tested too. */
  readonly fixtures: Readonly<Record<string, Fixture>>;
  /** The test runner; its globals by default. */
  readonly runner?: AnyTestRunner;
}

/**
 * Registers the contract tests of resources: what a resource definition lists works and what it does not list is
 * rejected, foreign rows are hidden, and every response is what the OpenAPI document promises. All that a resource
 * brings is a fixture for its rows; one of the extension that has none fails.
 */
export function contractTests({ start, fixtures, runner: given }: ContractOptions): void {
  const runner = runnerOf(given);
  let iam: TestIam | undefined;
  let subjects: ReadonlyMap<string, Subject>;

  runner.beforeAll(async () => {
    const app = (iam = await start());
    const admin = await app.admin();
    const openApi = (await admin.get('/openapi.json')).json as OpenAPIObject;
    const check = new OpenApiCheck(openApi);
    subjects = new Map(
      Object.entries(fixtures).map(([type, make]) => [type, new Subject(app, type, make, check, openApi, admin)]),
    );
  });
  runner.afterAll(async () => iam?.stop());

  runner.it('has a fixture for every resource of the extension', async () => {
    assert.ok(iam, 'the app has not started');
    const registry = registryOf(iam.nest);
    const added = registry.types().filter((type) => !isOfService(registry.resource(type)?.entity));
    assert.deepEqual(
      added.filter((type) => !(type in fixtures)),
      [],
    );
  });

  for (const type of Object.keys(fixtures)) {
    runner.describe(type, () => {
      const subject = (): Subject => {
        const found = subjects.get(type);
        if (!found) throw new Error(`There is no ${type}`);
        return found;
      };
      for (const contract of [readingContract, writingContract, scopeContract, statementsContract]) {
        contract(runner, subject);
      }
    });
  }
}

const isOfService = (entity: unknown): boolean => entities.some((one) => one === entity);
