import { IncomingMessage } from 'node:http';
import { LIMITS } from '../limits.js';

/** Beyond `LIMITS.bodyChunks`, chunks have so many bytes on average at least. */
const AVERAGE_BYTES = 64;
/** Emitted once, when a body has come in more and smaller chunks than it may. */
export const TOO_MANY_CHUNKS = 'tooManyChunks';

/**
 * A request whose body is bounded by the number of its chunks, before anybody reads it. Node keeps an object for each
 * chunk until it is read: 6 MB of chunks of one byte hold more than 100 MB. What comes after the bound is dropped, so
 * nobody may take the body for whole: see `hasTooManyChunks`.
 */
export class BodyMessage extends IncomingMessage {
  #chunks = 0;
  #bytes = 0;
  #exceeded = false;

  /** Whether chunks of the body were dropped. */
  get hasTooManyChunks(): boolean {
    return this.#exceeded;
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (chunk === null) return super.push(null);
    if (this.#exceeded) return true;
    this.#chunks += 1;
    this.#bytes += chunk.length;
    if (this.#chunks <= LIMITS.bodyChunks || this.#bytes >= this.#chunks * AVERAGE_BYTES) {
      return super.push(chunk, encoding);
    }
    this.#exceeded = true;
    this.emit(TOO_MANY_CHUNKS);
    return true;
  }
}
