/** ESM throughout, as the product is. Node itself loads the tests and the service; docs/decisions/0012 tells why. */
export default {
  testEnvironment: '<rootDir>/test/runner/environment.js',
  runtime: '<rootDir>/test/runner/runtime.js',
  transform: {},
  rootDir: '.',
  // `npm run test:ci` runs *.ci-spec.ts and the examples: what takes long, or needs a program beside Node.
  testMatch: ['<rootDir>/test/**/*.{spec,e2e-spec}.ts'],
  globalSetup: '<rootDir>/test/runner/global-setup.js',
  globalTeardown: '<rootDir>/test/runner/global-teardown.js',
  // One more than cores: some tests wait, for a process that starts or a second that passes.
  maxWorkers: 3,
  // Generous, because the machines are shared: a test that hangs still ends, one that waits for its turn does not fail.
  testTimeout: 60_000,
};
