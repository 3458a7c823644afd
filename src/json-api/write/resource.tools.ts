import { Injectable, Optional } from '@nestjs/common';
import { IdempotencyKeys } from './idempotency.js';
import { Transactions, type Transaction } from '../sql/transaction.js';

/** A write that a resource service has just made. */
export interface Written {
  readonly verb: 'created' | 'updated' | 'deleted';
  /** Type and id of the resource. */
  readonly type: string;
  readonly id: string;
  /** Id of the actor; null where nobody is known. */
  readonly actorId: string | null;
  /** Names of the attributes that were set or changed, on the wire. */
  readonly attributes: readonly string[];
}

/** Told of every write, inside its transaction: for an audit trail, say. The application provides it, or does not. */
export abstract class WriteObserver {
  abstract written(write: Written, tx: Transaction): Promise<void>;
}

/** What every resource service works with besides its rows. */
@Injectable()
export class ResourceTools {
  constructor(
    readonly transactions: Transactions,
    readonly idempotency: IdempotencyKeys,
    @Optional() private readonly observer?: WriteObserver,
  ) {}

  /** Tells the observer, if there is one. */
  async tell(write: Written, tx: Transaction): Promise<void> {
    await this.observer?.written(write, tx);
  }
}
