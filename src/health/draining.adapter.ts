import { FastifyAdapter } from '@nestjs/platform-fastify';

/**
 * Fastify, which lets somebody do something before it closes. Of all that happens at a shutdown, this is first: what
 * Nest calls a hook comes later, when the outbox has stopped already and nobody looks at what changed any more.
 */
export class DrainingAdapter extends FastifyAdapter {
  /** Runs before anything of the application is stopped, and is waited for. */
  beforeClosing: () => Promise<void> = async () => undefined;

  // Nest waits for what it returns, though the type says that there is nothing to wait for.
  // eslint-disable-next-line @typescript-eslint/no-misused-promises
  override async beforeClose(): Promise<void> {
    super.beforeClose();
    await this.beforeClosing();
  }
}
