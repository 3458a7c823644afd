import { resolve } from 'node:path';
import { DataSource } from 'typeorm';
import type { Extension } from '../../app.extension.js';
import { serverVersion } from '../../database/checks/server-facts.js';
import { dataSourceOptions } from '../../database/data-source.js';
import { DatabaseServer } from '../../database/database-server.js';
import { missingGrant } from '../../database/errors/missing-grant.js';
import { RejectedConnectionError, rejectedConnection } from '../../database/errors/rejected-connection.js';
import { DATABASE_NEEDS, LOOKS, sealed, type DatabaseValues, type Look } from './database-checks.js';
import { about, defineCheck, isLocal, reasonOf, type Finding } from './finding.js';

const { ok, problem } = about('database');

/** Whether the database can be reached, fits, and holds what the service needs. It is changed in nothing. */
export const databaseCheck = defineCheck({
  subject: 'database',
  needs: DATABASE_NEEDS,
  run: async (values, extension) => {
    const place = placeOf(values);
    try {
      return await onServer(values, (url) => lookAt(url, place, values, extension, LOOKS));
    } catch (error) {
      if (error instanceof RejectedConnectionError) return [problem(error.message)];
      return [problem(`${place} cannot be used: ${reasonOf(error)}. Correct DATABASE_URL, or open the way to it.`)];
    }
  },
});

/** Whether rows are sealed with a secret that is not the newest. Where the database cannot be used, another check says so. */
export const sealedCheck = defineCheck({
  subject: 'secrets',
  needs: [...DATABASE_NEEDS, 'APP_SECRET'],
  run: async (values, extension) => {
    const findings = await onServer(values, (url) => lookAt(url, placeOf(values), values, extension, [sealed])).catch(
      () => [],
    );
    return findings.filter(({ subject }) => subject === 'secrets');
  },
});

const placeOf = ({ DATABASE_URL: url }: DatabaseValues): string =>
  url === null ? 'The embedded server' : addressOf(url);

async function onServer<Result>(values: DatabaseValues, work: (url: string) => Promise<Result>): Promise<Result> {
  const { DATABASE_URL: databaseUrl, DATA_DIR: dataDir } = values;
  const server = await DatabaseServer.open({ databaseUrl, dataDir: resolve(dataDir) });
  try {
    return await work(server.url);
  } finally {
    await server.stop();
  }
}

async function lookAt<Needed extends DatabaseValues>(
  url: string,
  place: string,
  values: Needed,
  extension: Extension,
  looks: readonly Look<Needed>[],
): Promise<Finding[]> {
  const { DATABASE_DIRECT_URL: databaseDirectUrl, DATABASE_POOLER: databasePooler } = values;
  const settings = { databasePoolSize: 1, databaseDirectUrl, databasePooler };
  const dataSource = new DataSource(dataSourceOptions(url, settings, extension));
  await dataSource.initialize().catch((error: unknown) => {
    throw rejectedConnection(error, 'DATABASE_URL', url) ?? error;
  });
  try {
    const version = await serverVersion(dataSource);
    const findings = [ok(`${place} answers: PostgreSQL ${version}.`)];
    const remote = !isLocal(new URL(url).hostname);
    for (const look of looks) {
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
