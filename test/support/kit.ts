import { startIam } from '../../src/testing/start-iam.js';
import type { StartOptions as KitOptions } from '../../src/testing/start-options.js';
import { TestIam } from '../../src/testing/test-iam.js';
import { startApp, type StartOptions } from './app.js';
import { databaseUrl, SERVER_VARIABLE } from './database.js';

/** An app of these tests, also behind PgBouncer, for what takes one of the kit. */
export async function startTestIam(options: StartOptions): Promise<TestIam> {
  const app = await startApp(options);
  return TestIam.of(app.nest, { config: app.config, options: {}, start: startIam, end: () => app.stop() });
}

/** An app of the kit as teams start it, on the server of these tests. */
export const startKit = (options: KitOptions = {}): Promise<TestIam> =>
  startIam({ database: process.env[SERVER_VARIABLE] ?? databaseUrl('postgres'), ...options });
