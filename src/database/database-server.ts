import { Module } from '@nestjs/common';
import { Config } from '../config/config.js';

type EmbeddedPostgres = typeof import('../embedded-postgres/embedded-server.js');

/** Set once it is needed: a service with DATABASE_URL, as in production, never loads the embedded PostgreSQL. */
let embeddedPostgres: Promise<EmbeddedPostgres> | undefined;

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
    embeddedPostgres ??= import('../embedded-postgres/embedded-server.js');
    const { EmbeddedServer } = await embeddedPostgres;
    const embedded = await EmbeddedServer.start(config.dataDir);
    return new DatabaseServer(embedded.url, () => embedded.stop());
  }

  /** Stops every embedded server that this process uses or is starting. */
  static async stopEmbedded(): Promise<void> {
    const loaded = await embeddedPostgres?.catch(() => undefined);
    await loaded?.EmbeddedServer.stopAll();
  }
}

@Module({
  providers: [
    { provide: DatabaseServer, inject: [Config], useFactory: (config: Config) => DatabaseServer.open(config) },
  ],
  exports: [DatabaseServer],
})
export class DatabaseServerModule {}
