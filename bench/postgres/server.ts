import { join } from 'node:path';
import { EmbeddedServer } from '../../src/embedded-postgres/embedded-server.js';
import { ClusterPaths } from '../../src/embedded-postgres/cluster.js';
import { findPostmaster } from '../../src/embedded-postgres/postgres-process.js';
import { bindWithChildren, whyNotBound, type Cores } from '../cores.js';
import { cpuOfChildrenMs } from '../cpu-time.js';
import { findInstalled, startInstalled } from './installed.js';

/** The PostgreSQL server of a run. */
export interface BenchServer {
  readonly url: string;
  /** What the version is followed by in the results, such as `, embedded`. */
  readonly kind: string;
  /** Why its processes cannot be bound to cores; null when they can. */
  readonly whyNotBound: string | null;
  /** Binds its processes, with those of connections to come. */
  bind(cores: Cores): void;
  /** Process that starts those of the connections; undefined when the benchmark has not started the server. */
  readonly pid: number | undefined;
  /** CPU time of its connections, in milliseconds; NaN when that is not known. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** The server of DATABASE_URL, else one of its own: see {@link startServer}. */
export async function openServer(): Promise<BenchServer> {
  const url = process.env['DATABASE_URL'];
  if (!url) return startServer(join('data', 'bench'));
  return {
    url,
    kind: '',
    whyNotBound: 'DATABASE_URL names a PostgreSQL that the benchmark has not started',
    bind: () => undefined,
    pid: undefined,
    cpuMs: () => Number.NaN,
    stop: async () => undefined,
  };
}

/** Starts a server with its files in this folder: an installed PostgreSQL, or the embedded one where none is installed. */
export async function startServer(folder: string): Promise<BenchServer> {
  const installed = await findInstalled();
  if (installed) {
    const server = await startInstalled(installed, folder);
    return { ...server, kind: '', ...processes(server.pid) };
  }
  const embedded = await EmbeddedServer.start(folder);
  const postmaster = await findPostmaster(new ClusterPaths(embedded.folder).data);
  if (postmaster.state !== 'running') throw new Error('The embedded PostgreSQL has ended');
  return { url: embedded.url, kind: ', embedded', ...processes(postmaster.pid), stop: () => embedded.stop() };
}

const processes = (pid: number) => ({
  whyNotBound,
  pid,
  bind: (cores: Cores) => bindWithChildren(pid, cores),
  cpuMs: () => cpuOfChildrenMs(pid),
});
