import { Injectable } from '@nestjs/common';
import { Roles } from '../../auth/authorization/roles.js';
import { TAKEN_EMAIL } from '../../database/errors/constraint-errors.js';
import { Audit } from '../../events/audit.js';
import { readBody } from '../../json-api/write/body.js';
import { throwIfErrors } from '../../json-api/document/errors.js';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { CredentialsRepository } from '../../passwords/credentials.repository.js';
import { PasswordHasher } from '../../passwords/hashing/password.hasher.js';
import { PasswordPolicy } from '../../passwords/policy/password.policy.js';
import { AccountResource } from '../account.resource.js';
import { AccountRules } from '../account.rules.js';
import { AdminsRepository, type NewAdmin } from './admins.repository.js';

/** Creates admins without an invitation: the first admin, and those that an operator creates. */
@Injectable()
export class AdminAccounts {
  constructor(
    private readonly roles: Roles,
    private readonly rules: AccountRules,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly transactions: Transactions,
    private readonly audit: Audit,
    private readonly credentials: CredentialsRepository,
    private readonly admins: AdminsRepository,
  ) {}

  /**
   * Creates an admin for an operator, with the validation of the API, and returns the id.
   * @throws ApiError 422 for a wrong name, e-mail or password, 409 for an e-mail that is taken
   */
  async create(admin: NewAdmin, password: string): Promise<string> {
    const { name, email, breakGlass = false } = admin;
    const { values, errors } = readBody(AccountResource, 'create', { name, email, role_name: this.roleName() });
    const owner = { ...admin, ...values };
    throwIfErrors([
      ...errors,
      ...this.rules.errors(values, 'operator'),
      ...this.policy.errors(password, owner, '/data/attributes/password'),
    ]);
    const hashed = await this.hasher.hash(password);
    return this.transactions.run(async (tx) => {
      const id = await this.insert(owner, hashed, tx);
      if (id === null) throwIfErrors([TAKEN_EMAIL]);
      await this.audit.record(tx, {
        action: 'iam:accounts.created',
        actorId: null,
        target: { type: 'iam:accounts', id: String(id) },
        details: {
          attributes: ['name', 'email', 'role_name'],
          by: 'operator',
          ...(breakGlass && { break_glass: true }),
        },
      });
      return String(id);
    });
  }

  /** Stores an admin who can sign in at once, and returns the id; null when the e-mail is taken. */
  async insert(admin: NewAdmin, hashedPassword: string, tx: Transaction): Promise<string | null> {
    const id = await this.admins.insert(admin, this.roleName(), tx);
    if (id !== null) await this.credentials.set(id, hashedPassword, tx);
    return id;
  }

  /** The lowest role with every right that an account may have. */
  private roleName(): string {
    const full = this.roles.fullAccessNames();
    const name = this.roles.assignable().find((assignable) => full.includes(assignable));
    if (name === undefined) throw new Error('The roles file has no assignable role with every right');
    return name;
  }
}
