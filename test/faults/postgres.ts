import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { findBinaryPackage, prepareBinaries } from '../../src/embedded-postgres/binaries.js';
import {
  ClusterPaths,
  createCluster,
  launch,
  logTail,
  shutDown,
  SUPERUSER,
} from '../../src/embedded-postgres/cluster.js';
import type { Cluster } from '../../src/embedded-postgres/cluster.js';
import { freePort } from '../../src/embedded-postgres/postgres-process.js';
import { signIn } from '../../src/embedded-postgres/session.js';
import { giveTo, serverUser } from '../../src/embedded-postgres/server-user.js';
import { makeFolder, query } from '../embedded-postgres/embedded-support.js';

const SERVICE = 'iam';
/** What a standby is called where the primary says whom it waits for. */
const STANDBY = 'standby';
/** Folders whose contents a base backup leaves out, and files that it does (PostgreSQL, "Making a Base Backup"). */
const EMPTIED = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_subtrans',
]);
const LEFT_OUT = /^(postmaster\.|pg_internal\.init|pgsql_tmp)/;
/** A server that is not what is waited for after this time has failed, in ms. */
const TIMEOUT_MS = 30_000;

interface Passwords {
  readonly superuser: string;
  readonly service: string;
}

/** A PostgreSQL that is not restarted when it dies: the primary of a pair, or its standby. */
export class Postgres {
  private constructor(
    private readonly cluster: Cluster,
    private readonly port: number,
    private readonly child: ChildProcess,
    private readonly passwords: Passwords,
  ) {}

  /** A server of its own, with a role and an empty database for the service. */
  static async primary(): Promise<Postgres> {
    const home = await makeFolder();
    const paths = new ClusterPaths(home);
    const user = await serverUser(paths.data);
    const binaries = await prepareBinaries(home, user, await findBinaryPackage());
    const cluster: Cluster = { paths, binaries, user, durable: true };
    await createCluster(cluster);
    const superuser = await readFile(paths.password, 'utf8');
    const primary = await Postgres.start(cluster, { superuser, service: randomBytes(12).toString('hex') });
    const session = await signIn(primary.port, superuser);
    await session?.prepareDatabase(SERVICE, primary.passwords.service);
    await session?.end();
    return primary;
  }

  private static async start(cluster: Cluster, passwords: Passwords): Promise<Postgres> {
    const port = await freePort();
    const server = new Postgres(cluster, port, await launch(cluster, port, null), passwords);
    await server.until('true');
    return server;
  }

  /** How the service connects. */
  get url(): string {
    return `postgres://${SERVICE}:${this.passwords.service}@127.0.0.1:${this.port}/${SERVICE}`;
  }

  /**
   * Makes a standby that follows this server by streaming. It is waited for from now on: what is acknowledged is on both.
   * pg_basebackup is not among the programs of the package; what it does is done here by its own means.
   */
  async standby(): Promise<Postgres> {
    const paths = new ClusterPaths(await makeFolder());
    await mkdir(paths.cluster);
    await chmod(paths.cluster, 0o711);
    const label = await this.copyTo(paths.data);
    const { superuser } = this.passwords;
    const primary = `host=127.0.0.1 port=${this.port} user=${SUPERUSER} password=${superuser} application_name=${STANDBY}`;
    await writeFile(join(paths.data, 'backup_label'), label);
    await writeFile(join(paths.data, 'standby.signal'), '');
    // In place of the primary's, which may say whom that waits for: a promoted one has no standby to wait for.
    await writeFile(join(paths.data, 'postgresql.auto.conf'), `primary_conninfo = '${primary}'\n`);
    for (const path of ['.', ...(await readdir(paths.data, { recursive: true }))]) {
      await giveTo(this.cluster.user, join(paths.data, path));
    }
    const standby = await Postgres.start({ ...this.cluster, paths }, this.passwords);
    await this.ask(`ALTER SYSTEM SET synchronous_standby_names = '${STANDBY}'`);
    await this.ask('SELECT pg_reload_conf()');
    await this.until(`EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')`);
    return standby;
  }

  /** Ends it without a word, for good. */
  async kill(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.ref();
    this.child.kill('SIGKILL');
    await exit;
  }

  /** Makes a primary of a standby; it is one when this resolves. */
  async promote(): Promise<void> {
    await this.ask('SELECT pg_promote()');
    await this.until('NOT pg_is_in_recovery()');
  }

  /** Ends it, if it still runs, and removes its files. */
  async remove(): Promise<void> {
    await shutDown(this.cluster);
    await rm(this.cluster.paths.home, { recursive: true, force: true });
  }

  /** Copies the data while it is being written to, and gives the label that makes a whole of the copy. */
  private async copyTo(data: string): Promise<string> {
    const backup = new Client({ connectionString: this.superUrl });
    await backup.connect();
    try {
      await backup.query('SELECT pg_backup_start($1, true)', [STANDBY]);
      const filter = (path: string): boolean => !EMPTIED.has(basename(dirname(path))) && !LEFT_OUT.test(basename(path));
      await cp(this.cluster.paths.data, data, { recursive: true, filter });
      const { rows } = await backup.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
      return rows[0]?.labelfile ?? '';
    } finally {
      await backup.end();
    }
  }

  private get superUrl(): string {
    return `postgres://${SUPERUSER}:${this.passwords.superuser}@127.0.0.1:${this.port}/postgres`;
  }

  private ask(statement: string): Promise<unknown[]> {
    return query(this.superUrl, statement);
  }

  /** Waits until the server says that this is so. */
  private async until(condition: string): Promise<void> {
    const giveUpAt = Date.now() + TIMEOUT_MS;
    while (Date.now() < giveUpAt) {
      const rows = await this.ask(`SELECT 1 WHERE ${condition}`).catch(() => []);
      if (rows.length > 0) return;
      await sleep(20);
    }
    throw new Error(`The server is not as it should be: ${condition}\n${await logTail(this.cluster.paths)}`);
  }
}
