import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../json-api/sql/sql.js';

/** A change of an account's e-mail that its former owner takes back. */
export interface RevertedChange {
  readonly accountId: string;
  /** When the e-mail was changed. What was made since then was made by another person. */
  readonly since: Date;
}

/** Removes what signs in to the account and was made since the change, such as second factors, passkeys and keys. */
export type RevertStep = (change: RevertedChange, tx: Transaction) => Promise<void>;

/**
 * What is undone when a change of the e-mail is taken back, besides sessions, password and tokens. A module registers its
 * step in `onModuleInit`; it runs in the transaction that puts the former e-mail back, with the account's row locked.
 */
@Injectable()
export class EmailReverts {
  private readonly steps: RevertStep[] = [];

  register(step: RevertStep): void {
    this.steps.push(step);
  }

  /** Runs every step, in the order in which they were registered. */
  async run(change: RevertedChange, tx: Transaction): Promise<void> {
    for (const step of this.steps) await step(change, tx);
  }
}
