import { resolve } from 'node:path';
import { DataSource } from 'typeorm';
import type { Extension } from '../../app.extension.js';
import { dataSourceOptions } from '../../database/data-source.js';
import { DatabaseServer } from '../../database/database-server.js';
import { missingGrant } from '../../database/missing-grant.js';
import { RefusedConnectionError, refusedConnection } from '../../database/refused-connection.js';
import { DATABASE_NEEDS, LOOKS, type DatabaseValues } from './database-looks.js';
import { about, defineCheck, isLocal, reasonOf, type Finding } from './finding.js';

const { ok, fault } = about('database');

/** Whether the database can be reached, fits, and holds what the service needs. It is changed in nothing. */
export const databaseCheck = defineCheck({
  subject: 'database',
  needs: DATABASE_NEEDS,
  run: async (values, extension) => {
    const place = values.DATABASE_URL === null ? 'The embedded server' : addressOf(values.DATABASE_URL);
    try {
      const server = await DatabaseServer.open({
        databaseUrl: values.DATABASE_URL,
        dataDir: resolve(values.DATA_DIR),
      });
      try {
        return await lookAt(server.url, place, values, extension);
      } finally {
        await server.stop();
      }
    } catch (error) {
      if (error instanceof RefusedConnectionError) return [fault(error.message)];
      return [fault(`${place} cannot be used: ${reasonOf(error)}. Correct DATABASE_URL, or open the way to it.`)];
    }
  },
});

async function lookAt(url: string, place: string, values: DatabaseValues, extension: Extension): Promise<Finding[]> {
  const { DATABASE_DIRECT_URL: databaseDirectUrl, DATABASE_POOLER: databasePooler } = values;
  const settings = { databasePoolSize: 1, databaseDirectUrl, databasePooler };
  const dataSource = new DataSource(dataSourceOptions(url, settings, extension));
  await dataSource.initialize().catch((error: unknown) => {
    throw refusedConnection(error, 'DATABASE_URL', url) ?? error;
  });
  try {
    const [{ version } = { version: '' }] = await dataSource.query<{ version: string }[]>(
      `SELECT current_setting('server_version') AS version`,
    );
    const findings = [ok(`${place} answers: PostgreSQL ${version}.`)];
    const remote = !isLocal(new URL(url).hostname);
    for (const look of LOOKS) {
      // What the role may not do is a finding of its own.
      const unseen = (error: unknown): Finding[] => {
        if (missingGrant(error)) return [];
        throw error;
      };
      findings.push(...(await look(dataSource, { ...values, remote }).catch(unseen)));
    }
    return findings;
  } finally {
    await dataSource.destroy();
  }
}

/** Where it is, without user and password. */
function addressOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
