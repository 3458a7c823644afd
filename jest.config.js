const npm = ['<rootDir>/test/**/*.{spec,e2e-spec}.ts'];
const ci = ['<rootDir>/test/**/*.ci-spec.ts', '<rootDir>/{examples,templates}/*/src/**/*.test.ts'];

/**
 * `npm test`; `npm run test:ci`: what takes long, or needs a program beside Node; and both, among which .ci/run finds a
 * file that it runs again.
 */
const SETS = { npm, ci, all: [...npm, ...ci] };

/** ESM throughout, as the product is. Node itself loads the tests and the service; docs/decisions/0012 tells why. */
export default {
  testEnvironment: '<rootDir>/test/runner/environment.js',
  runtime: '<rootDir>/test/runner/runtime.js',
  transform: {},
  rootDir: '.',
  testMatch: SETS[process.env.IAM_TEST_SET ?? 'npm'],
  // Copies of programs and examples, with packages of the names of ours.
  modulePathIgnorePatterns: ['<rootDir>/.cache/'],
  globalSetup: '<rootDir>/test/runner/global-setup.js',
  globalTeardown: '<rootDir>/test/runner/global-teardown.js',
  // One more than cores: some tests wait, for a process that starts or a second that passes.
  maxWorkers: 3,
  // Generous, because the machines are shared: a test that hangs still ends, one that waits for its turn does not fail.
  testTimeout: 60_000,
};
