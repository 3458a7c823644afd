import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import type { Extension } from '../app.extension.js';
import { createApp } from '../app.setup.js';
import { loadConfig } from '../config/load-config.js';

/**
 * Runs a function with the service, for commands that describe it: on an embedded database of its own, and independent of
 * the environment, so that what they write depends on the code alone.
 */
export async function withDescribedApp<Result>(
  extension: Extension,
  work: (app: INestApplication) => Promise<Result>,
): Promise<Result> {
  const { startTemporaryServer } = await import('../embedded-postgres/temporary-server.js');
  const dataDir = await mkdtemp(join(tmpdir(), 'iam-describe-'));
  const server = await startTemporaryServer();
  try {
    const env = {
      NODE_ENV: 'test',
      DATABASE_URL: server.url,
      DATA_DIR: dataDir,
      // Given, because a random one is printed.
      ADMIN_PASSWORD: `${randomBytes(16).toString('base64url')}-Aa1`,
      BCRYPT_COST: '4',
      METRICS_PORT: '0',
      LOG_LEVEL: 'silent',
    };
    const app = await createApp(loadConfig(env, extension.variables), extension);
    try {
      return await work(app);
    } finally {
      await app.close();
    }
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
