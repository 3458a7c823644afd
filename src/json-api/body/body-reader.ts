import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { BodyMessage, TOO_MANY_CHUNKS } from './body-message.js';
import type { BodyMemory } from './body-memory.js';
import { LIMITS } from '../limits.js';
import { refuse, type JsonApiException } from '../document/errors.js';

/** The first capacity of a buffer, in bytes, whatever length the client promises. */
const FIRST_CAPACITY = 4 * 1024;

/** The connections on which a body is being read, and what ends that. */
const readers = new WeakMap<Socket, (error: JsonApiException) => void>();

/**
 * Ends the reading of the body that a connection is sending: who reads it gets this error. False when nobody does.
 */
export function interruptBody(socket: Socket, error: JsonApiException): boolean {
  const interrupt = readers.get(socket);
  interrupt?.(error);
  return interrupt !== undefined;
}

/**
 * Reads the body of a request into one buffer, which doubles up to the bound.
 * @param begin called before the first byte is waited for, unless it is known already that there are too many
 * @throws JsonApiException `payload_too_large`; `malformed_body` when it ends early; `unavailable` without memory
 */
export function readBody(
  message: IncomingMessage,
  maxBytes: number,
  memory: BodyMemory,
  begin: () => void,
): Promise<Buffer> {
  if (Number(message.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  if (message instanceof BodyMessage && message.hasTooManyChunks) return Promise.reject(tooManyChunks());
  begin();
  return new Promise((resolve, reject) => {
    const { socket } = message;
    const buffer = new GrowingBuffer(maxBytes, memory);
    const settle = (error?: Error): void => {
      for (const [event, listener] of Object.entries(listeners)) message.off(event, listener);
      if (readers.get(socket) === settle) readers.delete(socket);
      const { bytes } = buffer;
      buffer.release();
      if (error) reject(error);
      else resolve(bytes);
    };
    const listeners: Record<string, (argument: Buffer) => void> = {
      data: (chunk) => {
        try {
          buffer.append(chunk);
        } catch (error) {
          settle(error as Error);
        }
      },
      end: () => settle(),
      // The connection is gone: nobody gets the answer.
      error: () => settle(endedEarly()),
      close: () => settle(endedEarly()),
      [TOO_MANY_CHUNKS]: () => settle(tooManyChunks()),
    };
    for (const [event, listener] of Object.entries(listeners)) message.on(event, listener);
    readers.set(socket, settle);
  });
}

/** Bytes that come in pieces. */
class GrowingBuffer {
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly memory: BodyMemory,
  ) {}

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  append(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.maxBytes) throw tooLarge(this.maxBytes);
    if (length > this.#buffer.length) this.#grow(length);
    piece.copy(this.#buffer, this.#length);
    this.#length = length;
  }

  /** The bytes count no more as held; call it once. */
  release(): void {
    this.memory.resize(this.#buffer.length, 0);
  }

  #grow(least: number): void {
    const doubled = Math.max(least, FIRST_CAPACITY, this.#buffer.length * 2);
    const capacity = Math.min(doubled, this.maxBytes);
    this.memory.resize(this.#buffer.length, capacity);
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

const size = (bytes: number): string =>
  bytes >= LIMITS.bodyBytes ? `${bytes / LIMITS.bodyBytes} MiB` : `${bytes / 1024} KiB`;

const tooLarge = (maxBytes: number): JsonApiException =>
  refuse('payload_too_large', `The body is larger than ${size(maxBytes)}`);

const tooManyChunks = (): JsonApiException =>
  refuse('payload_too_large', `The body comes in more than ${LIMITS.bodyChunks} chunks, and they are too small`);

const endedEarly = (): JsonApiException => refuse('malformed_body', 'The body ended before it was complete');
