import { describe } from '@jest/globals';
import { contractOf } from './contract.js';
import { FIXTURES } from './fixtures.js';
import { product, products } from './products/products.extension.js';

/** Those of the service, and one with a column of each kind. */
describe('The contract of every resource', () =>
  contractOf({ extension: products }, { ...FIXTURES, 'iam:products': product }));
