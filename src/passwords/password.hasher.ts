import { Inject, Injectable } from '@nestjs/common';
import { compare, hash } from 'bcrypt';
import { Config } from '../config/config.js';
import { HashQueue } from './hash-queue.js';
import { OWN_PREFIX, bcryptInput, readStoredHash, type StoredHash } from './password.schemes.js';
import { canonicalPassword } from './password.text.js';

/** What a check came to. */
export interface Verification {
  readonly ok: boolean;
  /** The password is right, and its stored hash should be replaced by `hash(password)`. */
  readonly rehash: boolean;
}

/** Least cost that bcrypt takes. */
const LEAST_COST = 4;
/** A well-formed salt and digest that belong to no password. */
const NOBODYS_DIGEST = 'abcdefghijklmnopqrstuuNOBODYNOBODYNOBODYNOBODYNOBODYu';

/**
 * Makes and checks password hashes, off the event loop and behind a bounded queue. Every check of our own or of an
 * imported bcrypt hash costs what one at the configured cost does, also when there is no hash at all: time does not
 * tell which accounts exist. (Checks of imported scrypt and PBKDF2 hashes take the time that they take, until the
 * first sign-in replaces them.)
 */
@Injectable()
export class PasswordHasher {
  /** Read by the metrics. */
  readonly queue = new HashQueue();
  private readonly cost: number;

  constructor(@Inject(Config) config: Pick<Config, 'bcryptCost'>) {
    this.cost = config.bcryptCost;
  }

  /**
   * Hashes a password that the policy accepted.
   * @throws JsonApiException 503 `unavailable` when too many wait already.
   * @throws TypeError for text that no policy may accept (NUL, half characters, far too long).
   */
  async hash(password: string): Promise<string> {
    const input = bcryptInput(password);
    return this.queue.run(async () => `${OWN_PREFIX}${await hash(input, this.cost)}`);
  }

  /**
   * Checks a password against a stored hash. Null, and a hash that is not understood, match nothing.
   * @throws JsonApiException 503 `unavailable` when too many wait already.
   */
  async verify(password: string, stored: string | null): Promise<Verification> {
    return this.queue.run(async () => {
      const known = stored === null || canonicalPassword(password) === null ? null : readStoredHash(stored);
      const ok = known !== null && (await known.matches(password));
      if (!known) await this.burn(this.cost);
      else if (!ok) await this.topUp(known);
      return { ok, rehash: ok && this.isOutdated(known, password) };
    });
  }

  /** True when `verify` can check such a hash; an import refuses all others. */
  supports(stored: string): boolean {
    return readStoredHash(stored) !== null;
  }

  /**
   * A hash that does not cover the whole password stays as it is: otherwise somebody who mistyped the ignored end
   * would from now on be held to the mistyped one.
   */
  private isOutdated(known: StoredHash, password: string): boolean {
    if (!known.readsAll(password)) return false;
    return !known.own || known.bcryptCost === null || known.bcryptCost < this.cost;
  }

  /** A failed check at cost c is filled up with c, c+1, … cost-1: the rounds sum up to those of the configured cost. */
  private async topUp(known: StoredHash): Promise<void> {
    if (known.bcryptCost === null) return;
    for (let cost = known.bcryptCost; cost < this.cost; cost++) await this.burn(cost);
  }

  private async burn(cost: number): Promise<void> {
    const rounds = String(Math.max(cost, LEAST_COST)).padStart(2, '0');
    await compare(OWN_PREFIX, `$2b$${rounds}$${NOBODYS_DIGEST}`);
  }
}
