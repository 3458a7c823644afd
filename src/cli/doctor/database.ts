import { resolve } from 'node:path';
import { DataSource } from 'typeorm';
import type { Extension } from '../../app.extension.js';
import { serverVersion } from '../../database/checks/server-facts.js';
import { dataSourceOptions } from '../../database/data-source.js';
import { DatabaseServer } from '../../database/database-server.js';
import { missingGrant } from '../../database/errors/missing-grant.js';
import { RejectedConnectionError, rejectedConnection } from '../../database/errors/rejected-connection.js';
import { DATABASE_NEEDS, DATABASE_CHECKS, sealed, type DatabaseValues, type DatabaseCheck } from './database-checks.js';
import { identityProviders, PROVIDER_NEEDS } from './identity-providers.js';
import { about, defineCheck, isLocal, reasonOf, type Finding } from './finding.js';

const { ok, problem } = about('database');

/** Checks that the database is reachable, suitable and complete. Changes nothing. */
export const databaseCheck = defineCheck({
  subject: 'database',
  needs: DATABASE_NEEDS,
  run: async (values, extension) => {
    const place = placeOf(values);
    try {
      return await onServer(values, (url) => runChecks(url, place, values, extension, DATABASE_CHECKS));
    } catch (error) {
      if (error instanceof RejectedConnectionError) return [problem(error.message)];
      return [problem(`${place} cannot be used: ${reasonOf(error)}. Correct DATABASE_URL, or allow access to it.`)];
    }
  },
});

/**
 * Whether rows are encrypted with a secret that is not the newest. An unusable database is reported by another check.
 */
export const sealedCheck = defineCheck({
  subject: 'secrets',
  needs: [...DATABASE_NEEDS, 'APP_SECRET'],
  run: async (values, extension) => {
    const findings = await onServer(values, (url) =>
      runChecks(url, placeOf(values), values, extension, [sealed]),
    ).catch(() => []);
    return findings.filter(({ subject }) => subject === 'secrets');
  },
});

/** Whether every identity provider can be reached. An unusable database is reported by another check. */
export const providersCheck = defineCheck({
  subject: 'providers',
  needs: PROVIDER_NEEDS,
  run: async (values, extension) => {
    const findings = await onServer(values, (url) =>
      runChecks(url, placeOf(values), values, extension, [identityProviders]),
    ).catch(() => []);
    return findings.filter(({ subject }) => subject === 'providers');
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

async function runChecks<Needed extends DatabaseValues>(
  url: string,
  place: string,
  values: Needed,
  extension: Extension,
  checks: readonly DatabaseCheck<Needed>[],
): Promise<Finding[]> {
  const { DATABASE_DIRECT_URL: databaseDirectUrl, DATABASE_POOLER: databasePooler } = values;
  const settings = { databasePoolSize: 1, databaseDirectUrl, databasePooler };
  const dataSource = new DataSource(dataSourceOptions(url, settings, extension));
  await dataSource.initialize().catch((error: unknown) => {
    throw rejectedConnection(error, 'DATABASE_URL', url) ?? error;
  });
  try {
    const version = await serverVersion(dataSource);
    const findings = [ok(`${place} responds: PostgreSQL ${version}.`)];
    const remote = !isLocal(new URL(url).hostname);
    for (const check of checks) {
      // Missing privileges are a separate finding.
      const unseen = (error: unknown): Finding[] => {
        if (missingGrant(error)) return [];
        throw error;
      };
      findings.push(...(await check(dataSource, { ...values, remote }).catch(unseen)));
    }
    return findings;
  } finally {
    await dataSource.destroy();
  }
}

/** The address, without user and password. */
function addressOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
