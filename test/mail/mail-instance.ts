import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { forkProgram } from '../support/program.js';

/** A process that sends the mails of a database until it is killed. */
export class MailInstance {
  private constructor(private readonly child: ChildProcess) {}

  /** Starts one with this on top of the tests' environment: DATABASE_URL, DATA_DIR, MAIL_URL and APP_SECRET. */
  static start(env: Record<string, string>): MailInstance {
    const child = forkProgram('test/mail/mail-process.ts', [], { NODE_ENV: 'test', ...env });
    return new MailInstance(child);
  }

  /** Resolves when it sends. */
  async ready(): Promise<void> {
    await once(this.child, 'message');
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}
