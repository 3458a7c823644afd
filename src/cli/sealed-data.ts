import type { DataSource } from 'typeorm';
import { type SealedColumn, SealedRows } from '../auth/tokens/sealed-columns.repository.js';
import type { SecretBox } from '../auth/tokens/secrets.js';
import { SEALED_ID_TOKENS } from '../identity-providers/identities/identities.repository.js';
import { SEALED_CLIENT_SECRETS } from '../identity-providers/providers/identity-providers.repository.js';
import { SEALED_TOKEN_DATA } from '../one-time-tokens/one-time-tokens.repository.js';
import { SEALED_FACTOR_SECRETS } from '../second-factors/totp/account-factors.repository.js';
import { type ResealReport, SealedJobs } from '../outbox/sealed-jobs.js';

/** Every column that is sealed. A module that seals another one adds it here. */
const SEALED_COLUMNS: readonly SealedColumn[] = [
  SEALED_TOKEN_DATA,
  SEALED_CLIENT_SECRETS,
  SEALED_FACTOR_SECRETS,
  SEALED_ID_TOKENS,
];

/** Everything that APP_SECRET encrypts: tokens in the jobs of the outbox, and columns. */
export class SealedData {
  private readonly parts: readonly (SealedJobs | SealedRows)[];

  constructor(dataSource: Pick<DataSource, 'query'>, secrets: SecretBox) {
    const columns = SEALED_COLUMNS.map((column) => new SealedRows(dataSource, secrets, column));
    this.parts = [new SealedJobs(dataSource, secrets), ...columns];
  }

  /** How many rows are encrypted with another secret than the newest. */
  async countOld(): Promise<number> {
    const counts = await Promise.all(this.parts.map((part) => part.countOld()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Encrypts them with the newest secret, and gives how many there were and how many no secret opens. */
  async reseal(signal: AbortSignal): Promise<ResealReport> {
    let [resealed, unreadable] = [0, 0];
    for (const part of this.parts) {
      const report = await part.reseal(signal);
      resealed += report.resealed;
      unreadable += report.unreadable;
    }
    return { resealed, unreadable };
  }
}
