import type { Transaction } from '../../json-api/sql/transaction.js';
import type { SessionEnding, SessionOwner } from './session.js';

/**
 * Told of every session that starts or is ended before its time, inside the transaction in which it is: for events, say.
 * The application provides it, or does not.
 */
export abstract class SessionObserver {
  abstract started(tx: Transaction, session: SessionOwner): Promise<void>;
  abstract ended(tx: Transaction, session: SessionOwner, ending: SessionEnding): Promise<void>;
}
