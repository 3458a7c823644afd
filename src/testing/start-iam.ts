import './test-environment.js';
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PinoLogger } from 'nestjs-pino';
import { createApp } from '../app.setup.js';
import { loadConfig } from '../config/load-config.js';
import { listen } from '../transport/listen.js';
import { useSharedServer, type UsedServer } from './database/shared-server.js';
import { createTestDatabase } from './database/test-databases.repository.js';
import { eager, environment, SERVER_VARIABLE, type StartOptions } from './start-options.js';
import { TestIam } from './test-iam.js';

/**
 * Starts the whole service with an extension: on a free port of 127.0.0.1, with a database, a mailbox and a first admin
 * of its own. `stop()` ends it and removes all of that.
 * @throws ConfigError for a wrong variable, EmbeddedServerError where the embedded server cannot run, and what stops
 * the boot of the service
 */
export async function startIam(options: StartOptions = {}): Promise<TestIam> {
  const { database, extension = {} } = options;
  const ends: (() => Promise<void>)[] = [];
  const end = async (): Promise<void> => {
    for (const step of ends.splice(0).reverse()) await step();
  };
  try {
    const server = await serverAt(database ?? process.env[SERVER_VARIABLE]);
    ends.push(server.release);
    const own = await createTestDatabase(server.url, extension);
    ends.push(own.drop);
    const dataDir = await mkdtemp(join(tmpdir(), 'iam-testing-data-'));
    ends.push(() => rm(dataDir, { recursive: true, force: true }));
    const config = loadConfig(environment(options, own.url, dataDir), extension.variables);
    const nest = await createApp(config, eager(extension));
    ends.push(() => nest.close());
    // nestjs-pino has one logger for a process, which the first app in it made.
    PinoLogger.root.level = config.logLevel;
    await listen(nest, config.host, config.port);
    return await TestIam.of(nest, { config, options, start: startIam, end });
  } catch (error) {
    await end();
    throw error;
  }
}

const serverAt = async (url: string | undefined): Promise<UsedServer> =>
  url ? { url, release: async () => undefined } : useSharedServer();
