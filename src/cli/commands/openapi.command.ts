import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import type { OpenAPIObject } from '@nestjs/swagger';
import { openApiDocument } from '../../app.docs.js';
import type { Extension } from '../../app.extension.js';
import { createApp } from '../../app.setup.js';
import { loadConfig } from '../../config/load-config.js';
import type { CommandContext } from '../command.js';

/** Writes the OpenAPI document, in the form in which it is committed. */
export const openApiCommand = ({ extension, out }: CommandContext) =>
  new Command('openapi')
    .summary('Print the OpenAPI document of the service')
    .description(
      'Starts the service for a moment, on an embedded database of its own and independent of the environment, ' +
        'so that the document depends on the code alone. A running service gives the same document at ' +
        '/openapi.json.',
    )
    .option('--output <FILE>', 'Write to this file in place of the standard output')
    .action(async ({ output }) => {
      const text = `${JSON.stringify(await describe(extension), null, 2)}\n`;
      if (output === undefined) out.write(text);
      else await writeFile(output, text);
    });

async function describe(extension: Extension): Promise<OpenAPIObject> {
  const { startTemporaryServer } = await import('../../embedded-postgres/temporary-server.js');
  const dataDir = await mkdtemp(join(tmpdir(), 'iam-openapi-'));
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
    const config = loadConfig(env, extension.variables);
    const app = await createApp(config, extension);
    try {
      return openApiDocument(app);
    } finally {
      await app.close();
    }
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
