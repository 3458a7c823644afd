import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from '../app.module.js';
import { Config } from '../config/config.js';
import type { CommandContext } from './command.js';
import { withMigratedServer } from './with-server.js';

/**
 * Does the work with the providers of the service, also with those that a team put in their place: a password policy of
 * its own, or a subscriber to events. They are made and not started: no port is opened, no mail is sent, no first admin
 * is made.
 * @throws whatever the database refuses, at once: the service would try again for half a minute
 */
export async function withService<Result>(
  { config: configuration, extension }: Pick<CommandContext, 'config' | 'extension'>,
  work: (service: INestApplicationContext) => Promise<Result>,
): Promise<Result> {
  const config = configuration();
  return withMigratedServer(config, extension, async ({ access }) => {
    const ready = new Config({ ...config, databaseUrl: access.url, migrateOnStart: false });
    const service = await NestFactory.create(AppModule.register(ready, extension), new FastifyAdapter(), {
      abortOnError: false,
    });
    try {
      return await work(service);
    } finally {
      await service.close();
    }
  });
}
