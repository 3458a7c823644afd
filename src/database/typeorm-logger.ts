import { Logger as NestLogger } from '@nestjs/common';
import type { Logger } from 'typeorm';

/**
 * TypeORM's messages as lines of the service's own log. Statements appear only when they are slow, and parameters
 * never do: among them are tokens and hashes. A statement that fails is logged where its error is handled.
 */
export class TypeOrmLogger implements Logger {
  private readonly logger = new NestLogger('TypeORM');

  logQuerySlow(milliseconds: number, query: string): void {
    this.logger.warn(`Slow statement, ${milliseconds} ms: ${query}`);
  }

  logMigration(message: string): void {
    this.logger.log(message);
  }

  log(level: 'log' | 'info' | 'warn', message: unknown): void {
    if (level === 'warn') this.logger.warn(message);
    else this.logger.debug(message);
  }

  logQuery(): void {}

  logQueryError(): void {}

  logSchemaBuild(): void {}
}
