import test from 'node:test';
import { contractTests, startIam } from 'iam/testing';

contractTests({
  start: () => startIam(),
  fixtures: {
    'iam:organizations': async ({ create }, n) => (await create.organization({ name: `Organization no. ${n}` })).id,
  },
  runner: test,
});
