import { FastifyAdapter } from '@nestjs/platform-fastify';

/**
 * The Fastify adapter with a hook before it closes, the first step of a shutdown. Nest's shutdown hooks run later, when
 * the outbox and the change feed have stopped.
 */
export class DrainingAdapter extends FastifyAdapter {
  /** Runs, and is awaited, before anything of the application is stopped. */
  beforeClosing: () => Promise<void> = async () => undefined;

  // Nest awaits the result, although its type is void.
  // eslint-disable-next-line @typescript-eslint/no-misused-promises
  override async beforeClose(): Promise<void> {
    super.beforeClose();
    await this.beforeClosing();
  }
}
