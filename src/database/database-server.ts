import { Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import { EmbeddedServer } from '../embedded-postgres/embedded-server.js';

/** The PostgreSQL server that the service uses: the configured one, or the embedded one. */
export class DatabaseServer {
  constructor(
    readonly url: string,
    /** Stops using an embedded server; a configured one is not affected. */
    readonly stop: () => Promise<void>,
  ) {}

  /** @throws EmbeddedServerError when none is configured and the embedded one cannot run here. */
  static async open(config: Pick<Config, 'databaseUrl' | 'dataDir'>): Promise<DatabaseServer> {
    if (config.databaseUrl !== null) return new DatabaseServer(config.databaseUrl, async () => undefined);
    const embedded = await EmbeddedServer.start(config.dataDir);
    return new DatabaseServer(embedded.url, () => embedded.stop());
  }
}

@Module({
  providers: [
    { provide: DatabaseServer, inject: [Config], useFactory: (config: Config) => DatabaseServer.open(config) },
  ],
  exports: [DatabaseServer],
})
export class DatabaseServerModule {}
