import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedServer } from './embedded-server.js';

/** An embedded server whose files are deleted when it stops. */
export interface TemporaryServer {
  readonly url: string;
  /** Where its files are, among them the password of its superuser: `cluster/password`. */
  readonly folder: string;
  /** Stops the server and deletes its files. */
  stop(): Promise<void>;
}

/**
 * Starts an embedded server in a new folder: for tests, and for commands that need a temporary database. A crash of the
 * machine may lose its data.
 * @throws EmbeddedServerError when it cannot run here
 */
export async function startTemporaryServer(): Promise<TemporaryServer> {
  const folder = await mkdtemp(join(tmpdir(), 'iam-temporary-'));
  // As root, the server runs as another user, who needs access.
  await chmod(folder, 0o711);
  const server = await EmbeddedServer.start(folder, { durable: false });
  return {
    url: server.url,
    folder: server.folder,
    async stop() {
      await server.stop();
      for (const path of [server.folder, folder]) await rm(path, { recursive: true, force: true });
    },
  };
}
