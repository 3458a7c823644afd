import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { forkProgram } from '../support/program.js';

/** A process that sends the mails of a database until it is killed. */
export class MailInstance {
  private readonly sends: Promise<unknown>;

  private constructor(private readonly child: ChildProcess) {
    // Listened for from the start: it may be ready before anything waits for it.
    this.sends = once(child, 'message');
    // A process that is killed before it sends is no error; `ready` passes on the rejection.
    this.sends.catch(() => undefined);
  }

  /** Starts one with this on top of the tests' environment: DATABASE_URL, DATA_DIR, MAIL_URL and APP_SECRET. */
  static start(env: Record<string, string>): MailInstance {
    const child = forkProgram('test/mail/mail-process.ts', [], { NODE_ENV: 'test', ...env });
    return new MailInstance(child);
  }

  /** Resolves when it sends. */
  async ready(): Promise<void> {
    await this.sends;
  }

  /** Ends it as a crash would. One that has ended already stays as it is. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}
