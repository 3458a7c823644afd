import { execFile, execFileSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { EmbeddedServer } from '../../src/embedded-postgres/embedded-server.js';
import { makeFolder, query, removeFolder } from '../embedded-postgres/embedded-support.js';
import { startApp } from '../support/app.js';
import { document } from '../support/client.js';
import { onServer } from '../support/database.js';
import { admin, signedIn } from '../support/factories.js';

const run = promisify(execFile);

/** The major version of `pg_dump`, or 0 where there is none: the packages of the embedded server have none. */
function dumpVersion(): number {
  try {
    return Number(/ (\d+)/.exec(execFileSync('pg_dump', ['--version'], { encoding: 'utf8' }))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

async function serverVersion(): Promise<number> {
  const major = `SELECT current_setting('server_version_num')::int / 10000 AS major`;
  return onServer(async (server) => (await server.query<{ major: number }>(major)).rows[0]?.major ?? 0);
}

/** A test that needs a `pg_dump` that is not older than the server. */
const withDump = dumpVersion() >= (await serverVersion()) ? it : it.skip;

describe('A backup', () => {
  withDump('by pg_dump gives the service back as it was', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'iam-backup-'));
    const app = await startApp();
    const copyName = `${new URL(app.databaseUrl).pathname.slice(1)}_copy`;
    const copyUrl = new URL(app.databaseUrl);
    copyUrl.pathname = `/${copyName}`;
    const file = join(folder, 'iam.dump');
    try {
      const { post } = await admin(app);
      for (const name of ['Acme', 'Étoile']) await post('/organizations', document('iam:organizations', { name }));
      const { account: owner, token } = await signedIn(app);
      await run('pg_dump', ['--format=custom', '--no-owner', `--file=${file}`, app.databaseUrl]);
      await onServer((server) =>
        server.query(`CREATE DATABASE "${copyName}" TEMPLATE template0 ENCODING 'UTF8' LC_CTYPE 'C.UTF-8'`),
      );
      await run('pg_restore', ['--no-owner', '--exit-on-error', `--dbname=${copyUrl.href}`, file]);
      const content = `
        SELECT (SELECT array_agg(name ORDER BY name) FROM organizations) AS organizations,
               (SELECT array_agg(email ORDER BY email) FROM accounts) AS accounts,
               (SELECT count(*)::int FROM account_sessions) AS sessions,
               (SELECT count(*)::int FROM audit_events) AS lines,
               (SELECT array_agg(name ORDER BY name) FROM migrations) AS migrations`;
      expect(await query(copyUrl.href, content)).toEqual(await query(app.databaseUrl, content));

      const restored = await startApp({ beside: app, env: { DATABASE_URL: copyUrl.href } });
      try {
        const me = await fetch(`${restored.url}/auth/me`, { headers: { authorization: `Bearer ${token}` } });
        expect(me.status).toBe(200);
        expect(await me.text()).toContain(owner.email);
        expect((await fetch(`${restored.url}/health/ready`)).status).toBe(200);
      } finally {
        await restored.stop();
      }
    } finally {
      await app.stop();
      await onServer((server) => server.query(`DROP DATABASE IF EXISTS "${copyName}" WITH (FORCE)`));
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('by a copy of DATA_DIR gives the embedded database back', async () => {
    Logger.overrideLogger(false);
    const [folder, copy] = [await makeFolder(), await makeFolder()];
    try {
      const server = await EmbeddedServer.start(folder, { durable: false });
      await query(server.url, `CREATE TABLE kept AS SELECT 'Étoile' AS name`);
      await server.stop();
      if (process.platform === 'win32') await cp(folder, copy, { recursive: true });
      // With its owners, since the server is another user's when everything is root's.
      else await run('cp', ['-a', `${folder}/.`, copy]);
      const restored = await EmbeddedServer.start(copy, { durable: false });
      expect(await query(restored.url, 'SELECT name FROM kept')).toEqual([{ name: 'Étoile' }]);
    } finally {
      await removeFolder(copy);
      await removeFolder(folder);
    }
  });
});
