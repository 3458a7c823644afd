import { Injectable } from '@nestjs/common';
import { AccountDirectoryRepository, type AccountName } from '../accounts/account-directory.repository.js';
import { coverRight } from '../auth/authorization/effective-rights.js';
import { RolesCheck } from '../auth/authorization/roles-check.js';
import { Roles } from '../auth/authorization/roles.js';
import { AuthChanges } from '../auth/sessions/auth-changes.js';
import { Audit } from '../events/audit.js';
import { Transactions } from '../json-api/sql/sql.js';
import { ApiKeyMailer } from './mails/api-key.mailer.js';
import { ApiKeyRules, DAY_MS } from './api-key.rules.js';
import { newApiKey, secretOf } from './api-key-format.js';
import { ApiKeySecretsRepository } from './api-key-secrets.repository.js';
import { ApiKeysRepository, type ListedKey } from './api-keys.repository.js';

/** A key that an operator makes. */
export interface OperatorKey {
  readonly name: string;
  readonly permissions: readonly string[];
  readonly days: number;
}

/** API keys for operators: without an actor and a fresh sign-in. */
@Injectable()
export class OperatorKeysService {
  constructor(
    private readonly directory: AccountDirectoryRepository,
    private readonly keys: ApiKeysRepository,
    private readonly secrets: ApiKeySecretsRepository,
    private readonly rules: ApiKeyRules,
    private readonly roles: Roles,
    private readonly rolesCheck: RolesCheck,
    private readonly transactions: Transactions,
    private readonly changes: AuthChanges,
    private readonly audit: Audit,
    private readonly mailer: ApiKeyMailer,
  ) {}

  /** The keys of an account, oldest first; null where there is no account. */
  list(account: AccountName): Promise<ListedKey[] | null> {
    return this.transactions.run(async (tx) => {
      const id = await this.directory.findId(account, tx);
      return id === null ? null : this.keys.listOf(id, tx);
    });
  }

  /**
   * Creates a key for an account, and returns it; null where there is no account.
   * @throws Error when a permission does not exist or exceeds the role of the account, or the expiry is too late;
   * RolesFileError
   */
  create(account: AccountName, { name, permissions, days }: OperatorKey): Promise<string | null> {
    this.rolesCheck.readModules();
    const expiresAt = new Date(Date.now() + days * DAY_MS);
    return this.transactions.run(async (tx) => {
      const id = await this.directory.lock(account, tx);
      if (id === null) return null;
      const role = this.roles.get((await this.directory.profile(id, tx))?.roleName ?? '');
      const beyond = this.rules.read(permissions).find(({ right }) => !role || !coverRight(role.parsedRights, right));
      const [problem] = [...this.rules.permissionErrors(permissions), ...this.rules.expiryErrors(expiresAt)];
      if (problem) throw new Error(problem.detail);
      if (beyond) throw new Error(`The account may not ${beyond.right.text}.`);
      const key = newApiKey();
      const secret = secretOf(key);
      const columns = { name, accountId: id, permissions, expiresAt, keyLabel: secret.label, createdBy: null };
      const keyId = await this.keys.insert(columns, tx);
      await this.secrets.add(keyId, secret, tx);
      await this.mailer.queueMade(tx, keyId);
      const target = { type: 'iam:api_keys', id: keyId };
      const details = { account_id: id, by: 'operator' };
      await this.audit.record(tx, { action: 'iam:api_keys.created', actorId: null, target, details });
      return key;
    });
  }

  /** Revokes a key; false where there is none that is not revoked. */
  revoke(keyId: string): Promise<boolean> {
    return this.transactions.run(async (tx) => {
      const accountId = await this.keys.revoke(keyId, tx);
      if (accountId === null) return false;
      await this.changes.publish(tx, [accountId]);
      const target = { type: 'iam:api_keys', id: keyId };
      const details = { account_id: accountId, by: 'operator' };
      await this.audit.record(tx, { action: 'iam:api_keys.revoked', actorId: null, target, details });
      return true;
    });
  }
}
