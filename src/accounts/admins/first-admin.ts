import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { type Transaction, Transactions } from '../../json-api/sql/executor.js';
import { PasswordHasher } from '../../passwords/hashing/password.hasher.js';
import { PasswordPolicy, randomPassword } from '../../passwords/policy/password.policy.js';
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
    private readonly policy: PasswordPolicy,
    private readonly admins: AdminAccounts,
    private readonly rows: AdminsRepository,
  ) {}

  /** @throws Error that stops the start, when ADMIN_PASSWORD breaks the password policy in production */
  async onApplicationBootstrap(): Promise<void> {
    const { adminEmail: email, adminPassword, production } = this.config;
    if (production && adminPassword === null) return;
    if (await this.rows.isFirstMarked()) return;
    if (adminPassword !== null) this.assertPolicy(adminPassword, email);
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

  private assertPolicy(password: string, email: string): void {
    const errors = this.policy.errors(password, { email, name: NAME }, '/ADMIN_PASSWORD');
    if (errors.length === 0) return;
    const message = `ADMIN_PASSWORD: ${errors.map(({ detail }) => detail).join('; ')}`;
    if (this.config.production) throw new Error(message);
    this.logger.warn(message);
  }
}
