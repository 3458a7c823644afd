import { join } from 'node:path';
import { EmbeddedServer } from '../../src/embedded-postgres/embedded-server.js';
import { ClusterPaths } from '../../src/embedded-postgres/cluster.js';
import { findPostmaster } from '../../src/embedded-postgres/postgres-process.js';
import { bindWithChildren, whyNotBound, type Cores } from '../cores.js';
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
    stop: async () => undefined,
  };
}

/** Starts a server with its files in this folder: an installed PostgreSQL, or the embedded one where none is installed. */
export async function startServer(folder: string): Promise<BenchServer> {
  const installed = await findInstalled();
  if (installed) {
    const server = await startInstalled(installed, folder);
    return { ...server, kind: '', whyNotBound, bind: (cores) => bindWithChildren(server.pid, cores) };
  }
  const embedded = await EmbeddedServer.start(folder);
  const postmaster = await findPostmaster(new ClusterPaths(embedded.folder).data);
  return {
    url: embedded.url,
    kind: ', embedded',
    whyNotBound,
    bind: (cores) => {
      if (postmaster.state === 'running') bindWithChildren(postmaster.pid, cores);
    },
    stop: () => embedded.stop(),
  };
}
