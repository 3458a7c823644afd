import type { ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { findBinaryPackage, prepareBinaries } from './binaries.js';
import { ClusterPaths, createCluster, endChild, lastPort, launch, logTail, shutDown, type Cluster } from './cluster.js';
import { EmbeddedServerError } from './embedded-error.js';
import { findPostmaster, freePort, isFree } from './postgres-process.js';
import { signIn, type EmbeddedSession } from './session.js';
import { serverHome, serverUser } from './server-user.js';

/** Name of the service's role and of its database. */
const SERVICE = 'iam';
/** Time between two checks of a server that starts or stops, in milliseconds. */
const POLL_MS = 25;
/** Maximum time for a server to become ready, including crash recovery, in milliseconds. */
const TIMEOUT_MS = 120_000;
/**
 * Maximum attempts to start a server that exits while it starts: another program may have taken its port, for example.
 */
const LAUNCHES = 5;
/** Pause before a server is started again, in milliseconds; processes of a killed one need a moment to notice. */
const RELAUNCH_MS = 250;
/** Maximum time to wait for a port in use, in milliseconds: a child process of the old server may still have it. */
export const PORT_MS = 2_000;
/** Pause before the next restart, in milliseconds: on a full disk, space may become available. */
const REVIVE_MS = 500;

/** Options for tests. */
export interface EmbeddedServerOptions {
  /** False switches fsync off: faster, and lost when the machine crashes. For tests. */
  readonly durable?: boolean;
}

/**
 * The PostgreSQL from npm, with its files in one folder. Several processes can share it: the first starts the server,
 * the last one stops it. A process that is killed leaves the server running, and the next one uses it. While it is in
 * use, a server that crashes is restarted on the same port.
 */
export class EmbeddedServer {
  private static readonly used = new Set<EmbeddedServer>();
  /** Servers that are being started, and how to abort that. */
  private static readonly starting = new Map<Promise<EmbeddedServer>, AbortController>();

  /** True when this call started the server, false when it found one running. */
  readonly owned: boolean;
  private readonly logger = new Logger(EmbeddedServer.name);
  private stopping: Promise<void> | null = null;
  private reviving: Promise<void> = Promise.resolve();

  private constructor(
    private readonly cluster: Cluster,
    /** True when this call created the database: it is still empty. */
    readonly firstStart: boolean,
    /** How the service connects: as a role without superuser rights, to a database of its own. */
    readonly url: string,
    private session: EmbeddedSession,
    launched: boolean,
  ) {
    this.owned = launched;
    EmbeddedServer.used.add(this);
    this.watch();
  }

  /**
   * Starts or joins the server with its files under `dataDir`, created on the first call.
   * @throws EmbeddedServerError when it cannot run here, or when the folder belongs to another user.
   */
  static async start(dataDir: string, options: EmbeddedServerOptions = {}): Promise<EmbeddedServer> {
    const interruption = new AbortController();
    const start = EmbeddedServer.open(resolve(dataDir), options.durable ?? true, interruption.signal);
    EmbeddedServer.starting.set(start, interruption);
    try {
      return await start;
    } catch (error) {
      if (error instanceof EmbeddedServerError) throw error;
      throw new EmbeddedServerError(`The embedded database cannot be used: ${String(error)}`, error);
    } finally {
      EmbeddedServer.starting.delete(start);
    }
  }

  private static async open(dataDir: string, durable: boolean, signal: AbortSignal): Promise<EmbeddedServer> {
    const logger = new Logger(EmbeddedServer.name);
    const paths = new ClusterPaths(await serverHome(dataDir, (line) => logger.log(line)));
    const user = await serverUser(paths.data);
    const binaries = await prepareBinaries(paths.home, user, await findBinaryPackage());
    assertWanted(signal);
    const cluster: Cluster = { paths, binaries, user, durable };
    const firstStart = await createCluster(cluster);
    const { session, launched } = await connectOrLaunch(
      cluster,
      { port: await lastPort(cluster), orElsewhere: true },
      signal,
    );
    const password = servicePassword(await readFile(paths.password, 'utf8'));
    await session.prepareDatabase(SERVICE, password);
    const url = `postgres://${SERVICE}:${password}@127.0.0.1:${session.port}/${SERVICE}`;
    return new EmbeddedServer(cluster, firstStart, url, session, launched);
  }

  /** Stops every server that this process uses or is starting: for a start-up that failed. */
  static async stopAll(): Promise<void> {
    const starting = [...EmbeddedServer.starting];
    for (const [, interruption] of starting) interruption.abort();
    await Promise.allSettled(starting.map(([start]) => start));
    await Promise.all([...EmbeddedServer.used].map((server) => server.stop()));
  }

  /** Where the server keeps its files. */
  get folder(): string {
    return this.cluster.paths.home;
  }

  /** The number of processes that use the server, this one included. @throws the driver's error when it has stopped */
  users(): Promise<number> {
    return this.session.users();
  }

  /** Stops using the server; the last process shuts it down (fast shutdown). May be called twice. */
  stop(): Promise<void> {
    this.stopping ??= this.leave();
    return this.stopping;
  }

  private async leave(): Promise<void> {
    EmbeddedServer.used.delete(this);
    await this.reviving;
    if (await this.session.becomeLast()) await shutDown(this.cluster);
    await this.session.end();
  }

  /** Restarts the server when it crashes. */
  private watch(): void {
    this.session.standBy(() => {
      if (this.stopping) return;
      this.logger.warn('The embedded database has stopped; restarting it');
      this.reviving = this.revive();
    });
  }

  private async revive(): Promise<void> {
    // The port that clients use, even if it ran on another one in the meantime.
    const port = Number(new URL(this.url).port);
    while (!this.stopping) {
      try {
        // On no other port: clients know this address.
        this.session = (await connectOrLaunch(this.cluster, { port, orElsewhere: false })).session;
        if (this.session.port !== port)
          this.logger.error(`The embedded database is no longer on port ${port}: restart this process`);
        this.watch();
        return;
      } catch (error) {
        this.logger.error(`The embedded database does not start: ${String(error)}`);
        await sleep(REVIVE_MS);
      }
    }
  }
}

/** The port for a server. */
interface Place {
  /** The preferred port; null when there has been none yet. */
  readonly port: number | null;
  /** Whether to use another port while this one is in use. */
  readonly orElsewhere: boolean;
}

/**
 * Connects to the running server or starts one, also while it is stopping or another process starts it.
 * @param signal aborts the attempt, and stops a server that it has started and that is not ready yet
 * @throws EmbeddedServerError when it does not start, or when the required port is in use.
 */
async function connectOrLaunch(
  cluster: Cluster,
  place: Place,
  signal?: AbortSignal,
): Promise<{ session: EmbeddedSession; launched: boolean }> {
  const password = await readFile(cluster.paths.password, 'utf8');
  const giveUpAt = Date.now() + TIMEOUT_MS;
  let child: ChildProcess | null = null;
  let launches = 0;
  let takenSince: number | null = null;
  while (Date.now() < giveUpAt) {
    if (signal?.aborted && child && !hasEnded(child)) await endChild(child);
    assertWanted(signal);
    const found = await findPostmaster(cluster.paths.data);
    if (found.state === 'running' && found.port !== null) {
      const session = await signIn(found.port, password);
      if (session) return { session, launched: child?.pid === found.pid };
    } else if (found.state !== 'running' && hasEnded(child)) {
      if (launches === LAUNCHES) break;
      const port = await portAt(place, Date.now() - (takenSince ??= Date.now()));
      if (port !== null) {
        if (launches++ > 0) await sleep(RELAUNCH_MS);
        child = await launch(cluster, port, found.state === 'stale' ? found.pid : null);
        takenSince = null;
      }
    }
    await sleep(POLL_MS);
  }
  throw new EmbeddedServerError(`The embedded database does not start:\n${await logTail(cluster.paths)}`);
}

/**
 * The port to listen on; null while the preferred one is in use and may become free.
 * @param waited time waited so far, in milliseconds
 * @throws EmbeddedServerError when it stays in use and no other port is allowed.
 */
async function portAt({ port, orElsewhere }: Place, waited: number): Promise<number | null> {
  if (port === null) return freePort();
  if (await isFree(port)) return port;
  if (waited < PORT_MS) return null;
  if (orElsewhere) return freePort();
  throw new EmbeddedServerError(`Another program has taken port ${port}, where this process looks for its database.`);
}

/** @throws EmbeddedServerError when the start was aborted */
function assertWanted(signal?: AbortSignal): void {
  if (signal?.aborted) throw new EmbeddedServerError('The start of the embedded database was interrupted.');
}

function hasEnded(child: ChildProcess | null): boolean {
  return child === null || child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/**
 * Derived from the superuser's password, so that one file is enough; one-way, so that it does not reveal that password.
 */
function servicePassword(superPassword: string): string {
  return createHmac('sha256', superPassword).update(SERVICE).digest('base64url');
}
