import { afterAll, beforeAll, describe } from '@jest/globals';
import { createClient } from 'iam-client';
import { bearerSession } from 'iam-client/auth';
import { startApp, type TestApp } from '../support/app.js';
import { PASSWORD } from '../support/factories.js';
import { outcomeOf } from './recorded-calls.js';
import { recordedFlows } from './recorded-flows.js';

const PREFIX = 'api/v1/iam';

describe('The client in Node sends', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { API_PREFIX: PREFIX } });
  });
  afterAll(() => app.stop());

  recordedFlows(
    () => app,
    async (email) => {
      const iam = createClient({ url: app.url, prefix: PREFIX, session: bearerSession() });
      await iam.auth.login({ email, password: PASSWORD });
      return (call) => outcomeOf(iam, call);
    },
  );
});
