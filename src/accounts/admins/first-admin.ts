import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { PasswordHasher } from '../../passwords/hashing/password.hasher.js';
import { PasswordPolicy, randomPassword } from '../../passwords/policy/password.policy.js';
import { AccountRules } from '../account.rules.js';
import { AdminAccounts } from './admin-accounts.js';
import { AdminsRepository } from './admins.repository.js';

const NAME = 'First admin';

/**
 * Creates the first admin on the first start, once per database. The `installation` row stays, so deleting the
 * account does not create another one. In production it requires both ADMIN_EMAIL and ADMIN_PASSWORD.
 */
@Injectable()
export class FirstAdmin implements OnApplicationBootstrap {
  private readonly logger = new Logger(FirstAdmin.name);

  constructor(
    private readonly config: Config,
    private readonly transactions: Transactions,
    private readonly hasher: PasswordHasher,
    private readonly rules: AccountRules,
    private readonly policy: PasswordPolicy,
    private readonly admins: AdminAccounts,
    private readonly rows: AdminsRepository,
  ) {}

  /** @throws Error that stops the start in production, when e-mail or password break a rule */
  async onApplicationBootstrap(): Promise<void> {
    const { adminEmail: email, adminPassword, production } = this.config;
    if (production && adminPassword === null) return;
    if (await this.rows.isFirstMarked()) return;
    this.checkRules(adminPassword, email);
    const password = adminPassword ?? randomPassword();
    const hashed = await this.hasher.hash(password);
    const made = await this.transactions.run((tx) => this.make(email, hashed, tx));
    if (!made) return;
    this.logger.log(`Created the first admin, ${email}`);
    // On the console and nowhere else: a log would keep it.
    if (adminPassword === null) process.stdout.write(`\n  First admin: ${email}\n  Password:    ${password}\n\n`);
  }

  /** Of several instances that start at once, the one whose mark comes first makes the admin. */
  private async make(email: string, hashedPassword: string, tx: Transaction): Promise<boolean> {
    if (!(await this.rows.markFirst(tx))) return false;
    return (await this.admins.insert({ name: NAME, email }, hashedPassword, tx)) !== null;
  }

  private checkRules(password: string | null, email: string): void {
    const owner = { email, name: NAME };
    const errors = {
      ADMIN_EMAIL: this.rules.errors(owner, 'operator'),
      ADMIN_PASSWORD: password === null ? [] : this.policy.errors(password, owner, '/ADMIN_PASSWORD'),
    };
    for (const [variable, broken] of Object.entries(errors)) {
      if (broken.length === 0) continue;
      const message = `${variable}: ${broken.map(({ detail }) => detail).join('; ')}`;
      if (this.config.production) throw new Error(message);
      this.logger.warn(message);
    }
  }
}
