import { ConsoleLogger, type LogLevel } from '@nestjs/common';

/** Nest's log on the standard error, from warnings on: the standard output is for what a command gives. */
export class CommandLogger extends ConsoleLogger {
  constructor() {
    super({ logLevels: ['warn', 'error', 'fatal'] });
  }

  protected override printMessages(messages: unknown[], context?: string, level?: LogLevel): void {
    super.printMessages(messages, context, level, 'stderr');
  }
}
