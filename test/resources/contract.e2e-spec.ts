import { describe } from '@jest/globals';
import { contractOf } from './contract.js';
import { FIXTURES } from './fixtures.js';

describe('The contract of every resource', () => contractOf({}, FIXTURES));
