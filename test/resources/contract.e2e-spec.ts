import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ResourceRegistry } from '../../src/json-api/resource/registry.js';
import { contractTests } from '../../src/testing/contract/contract-tests.js';
import type { TestIam } from '../../src/testing/test-iam.js';
import { startTestIam } from '../support/kit.js';
import { FIXTURES } from './fixtures.js';
import { product, products } from './products/products.extension.js';

/** Those of the service, and one with a column of each kind. */
describe('The contract of every resource', () => {
  const fixtures = { ...FIXTURES, 'iam:products': product };
  let iam: TestIam;
  const start = async (): Promise<TestIam> => (iam = await startTestIam({ extension: products }));
  contractTests({ start, fixtures, runner: { describe, it, beforeAll, afterAll } });

  it('has a fixture for every resource', () => {
    const types = iam.nest.get(ResourceRegistry).types();
    expect(Object.keys(fixtures).toSorted()).toEqual(types.toSorted());
  });
});
