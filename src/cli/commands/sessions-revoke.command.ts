import { Command } from '@commander-js/extra-typings';
import type { INestApplicationContext } from '@nestjs/common';
import { AccountDirectoryRepository, type AccountName } from '../../accounts/account-directory.repository.js';
import { DeviceTrust } from '../../auth/sessions/device-trust.js';
import type { SessionEnding } from '../../auth/sessions/session.js';
import { SessionStore, type EndedSessions } from '../../auth/sessions/session.store.js';
import { email } from '../../config/variables/schemas.js';
import { Audit } from '../../events/audit.js';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { accountOf, uuid } from '../account-options.js';
import { parsedBy, type CommandContext } from '../command.js';
import { number } from '../progress.js';
import { withService } from '../with-service.js';

const ENDING: SessionEnding = { reason: 'revoked', actorId: null };
const ACTION = 'iam:account_sessions.revoked';

/** Ends sessions on every device. */
export const sessionsRevokeCommand = (context: CommandContext) =>
  new Command('revoke')
    .summary('End sessions immediately, on every running instance')
    .description(
      'Their access tokens are rejected within a second, and their refresh tokens are revoked; trusted devices are ' +
        'trusted no longer. It is recorded in the audit trail. With --all, people who sign in while it runs stay signed in.',
    )
    .option('--account <ID>', 'Sessions of the account with this id', parsedBy(uuid))
    .option('--email <EMAIL>', 'Sessions of the account with this e-mail', parsedBy(email))
    .option('--all', 'All sessions')
    .action(async ({ account, email: address, all }, command) => {
      const name = accountOf(account, address);
      const isOne = all ? account === undefined && address === undefined : name !== undefined;
      if (!isOne) command.error('error: Give one of --account, --email and --all.');
      const ended = await withService(context, async (service) => {
        const revocation = new Revocation(service);
        return name === undefined ? revocation.all(context.signal) : revocation.of(name, String(account ?? address));
      });
      context.out.write(`Ended ${number(ended)} ${ended === 1 ? 'session' : 'sessions'}.\n`);
    });

class Revocation {
  private readonly transactions: Transactions;
  private readonly sessions: SessionStore;
  private readonly accounts: AccountDirectoryRepository;
  private readonly audit: Audit;
  private readonly devices: DeviceTrust;

  constructor(service: INestApplicationContext) {
    this.transactions = service.get(Transactions, { strict: false });
    this.sessions = service.get(SessionStore, { strict: false });
    this.accounts = service.get(AccountDirectoryRepository, { strict: false });
    this.devices = service.get(DeviceTrust, { strict: false });
    this.audit = service.get(Audit, { strict: false });
  }

  /** Ends those of one account, and gives how many were alive. @throws Error when there is no such account */
  of(account: AccountName, name: string): Promise<number> {
    return this.transactions.run(async (tx) => {
      const id = await this.accounts.lock(account, tx);
      if (id === null) throw new Error(`There is no account ${name}.`);
      const sessions = await this.sessions.endAll(tx, id, ENDING);
      await this.devices.endAll(tx, id);
      await this.audit.record(tx, {
        action: ACTION,
        actorId: null,
        target: { type: 'iam:accounts', id },
        details: { sessions },
      });
      return sessions;
    });
  }

  /** Ends the sessions of all accounts, and returns how many were alive. What is done when it is interrupted stays done. */
  async all(signal: AbortSignal): Promise<number> {
    const startedBy = await this.sessions.now(this.transactions);
    let total = 0;
    for (let isLast = false; !isLast;) {
      signal.throwIfAborted();
      const ended = await this.transactions.run((tx) => this.some(startedBy, tx));
      total += ended.alive;
      isLast = ended.isLast;
    }
    for (let isLast = false; !isLast;) {
      signal.throwIfAborted();
      isLast = await this.transactions.run((tx) => this.devices.endSomeTrustedBy(tx, startedBy));
    }
    return total;
  }

  private async some(startedBy: Date, tx: Transaction): Promise<EndedSessions> {
    const ended = await this.sessions.endSomeStartedBy(tx, startedBy, ENDING);
    const { alive: sessions, accounts } = ended;
    if (accounts > 0) await this.audit.record(tx, { action: ACTION, actorId: null, details: { sessions, accounts } });
    return ended;
  }
}
