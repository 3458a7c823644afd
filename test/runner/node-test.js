import { afterAll, beforeAll, describe, it as jestIt } from './jest-globals.js';

/**
 * What a test of `examples/` or `templates/` gets from `node:test` here: these are projects of their own, whose tests run
 * by Node's runner there, and by jest with all others here, on the same database server.
 */
export const it = (name, options, body) =>
  typeof options === 'function' ? jestIt(name, options) : jestIt(name, body, options.timeout);

export const before = (work, options) =>
  beforeAll(() => {
    process.env.IAM_TESTING_DATABASE_URL ??= process.env.IAM_TEST_SERVER_URL;
    return work();
  }, options?.timeout);

export const after = (work, options) => afterAll(work, options?.timeout);

export { describe };

export default { describe, it, before, after };
