import { refuse } from '../document/errors.js';

/** The first bytes of every body, which are not counted: what nearly every document needs. */
const FREE_BYTES = 16 * 1024;
/** In seconds. */
const RETRY_AFTER = '2';

/** The bytes that the bodies which are being read at the moment hold together. */
export class BodyMemory {
  #taken = 0;

  /** @param bytes so many are there for all bodies, beyond the first 16 KiB of each */
  constructor(private readonly bytes: number) {}

  /** @throws JsonApiException `unavailable` when the bodies of other requests hold all of it */
  resize(before: number, after: number): void {
    const taken = this.#taken + counted(after) - counted(before);
    if (after > before && taken > this.bytes) {
      const headers = { 'Retry-After': RETRY_AFTER };
      throw refuse('unavailable', 'Too many large bodies are being sent at the moment', undefined, { headers });
    }
    this.#taken = taken;
  }
}

const counted = (bytes: number): number => Math.max(0, bytes - FREE_BYTES);
