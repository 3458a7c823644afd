import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type ApiError, apiError } from '../document/errors.js';
import { LIMITS } from '../limits.js';

/** The first capacity of a buffer, in bytes, whatever length the client promises. */
const FIRST_CAPACITY = 4 * 1024;

/** The connections on which a body is being read, and what ends that. */
const readers = new WeakMap<Socket, (error: ApiError) => void>();

/**
 * Ends the reading of the body that a connection is sending: its reader gets this error. False if nothing reads it.
 */
export function interruptBody(socket: Socket, error: ApiError): boolean {
  const interrupt = readers.get(socket);
  interrupt?.(error);
  return interrupt !== undefined;
}

/**
 * Reads the body of a request into one buffer, which doubles up to the bound.
 * @param begin called before the first byte is waited for, unless it is known already that there are too many
 * @throws ApiError `payload_too_large`; `malformed_body` when it ends early; `unavailable` without memory
 */
export function readBody(
  message: IncomingMessage,
  maxBytes: number,
  memory: BodyMemory,
  begin: () => void,
): Promise<Buffer> {
  if (Number(message.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  if (withTooManyChunks.has(message)) return Promise.reject(tooManyChunks());
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
      // The connection is closed: no client gets the response.
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

  /** Frees the bytes in `memory`; call it once. */
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

const tooLarge = (maxBytes: number): ApiError =>
  apiError('payload_too_large', `The body is larger than ${size(maxBytes)}`);

const tooManyChunks = (): ApiError =>
  apiError('payload_too_large', `The body comes in more than ${LIMITS.bodyChunks} chunks, and they are too small`);

const endedEarly = (): ApiError => apiError('malformed_body', 'The body ended before it was complete');

/** Beyond `LIMITS.bodyChunks`, chunks have so many bytes on average at least. */
const AVERAGE_BYTES = 64;
/** Emitted once, when a body has come in more and smaller chunks than it may. */
const TOO_MANY_CHUNKS = 'tooManyChunks';

/** Requests of whose body chunks were dropped, so that it must not be taken for complete. */
const withTooManyChunks = new WeakSet<IncomingMessage>();

/**
 * Bounds the number of chunks of a body, before it is read. Node keeps an object for each chunk until it is read: 6 MB of
 * chunks of one byte take more than 100 MB. What comes after the bound is dropped.
 */
function boundChunks(message: IncomingMessage): void {
  const push = message.push.bind(message);
  let chunks = 0;
  let bytes = 0;
  message.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    if (chunk === null) return push(null);
    if (withTooManyChunks.has(message)) return true;
    chunks += 1;
    bytes += chunk.length;
    if (chunks <= LIMITS.bodyChunks || bytes >= chunks * AVERAGE_BYTES) return push(chunk, encoding);
    withTooManyChunks.add(message);
    message.emit(TOO_MANY_CHUNKS);
    return true;
  };
}

/** The first bytes of every body, which are not counted: what nearly every document needs. */
const FREE_BYTES = 16 * 1024;
/** In seconds. */
const RETRY_AFTER = '2';

/** The memory of all bodies that are being read, in bytes. */
export class BodyMemory {
  #taken = 0;

  /** @param bytes maximum of all bodies together, beyond the first 16 KiB of each */
  constructor(private readonly bytes: number) {}

  /** @throws ApiError `unavailable` when the bodies of other requests use all of it */
  resize(before: number, after: number): void {
    const taken = this.#taken + counted(after) - counted(before);
    if (after > before && taken > this.bytes) {
      const headers = { 'Retry-After': RETRY_AFTER };
      throw apiError('unavailable', 'Too many large bodies are being sent at the moment', undefined, { headers });
    }
    this.#taken = taken;
  }
}

const counted = (bytes: number): number => Math.max(0, bytes - FREE_BYTES);

/** How long the rest of a body is received and dropped after the response, in ms. */
const DISCARD_TIMEOUT_MS = 10_000;

/** The requests whose response was sent before the end of their body, by connection. */
const requestsWithResponse = new WeakMap<Socket, IncomingMessage>();

/** Whether a connection still sends the body of a request that already has its response. */
export const hasResponse = (socket: Socket): boolean => requestsWithResponse.get(socket)?.complete === false;

/**
 * Leaves a body to the guard that reads it, and bounds it until then. What is unread when the response is sent, Node
 * receives and drops, so that a client that sends before it reads gets its response and may reuse the connection, within
 * the timeout. Call this before the first chunk arrives.
 */
export function leaveUnread(message: IncomingMessage, response: ServerResponse): void {
  boundChunks(message);
  response.once('finish', () => {
    if (message.complete) return;
    requestsWithResponse.set(message.socket, message);
    const timer = setTimeout(() => !message.complete && message.socket.destroy(), DISCARD_TIMEOUT_MS).unref();
    // Of the message and not of its socket, which lives for many requests.
    message.once('close', () => clearTimeout(timer));
  });
}

/** The bytes of JSON's grammar (RFC 8259, section 2). */
const [QUOTE, BACKSLASH, COMMA, LIST, OBJECT, LIST_END, OBJECT_END] = Buffer.from('"\\,[{]}');

/**
 * Counts levels and values in JSON before it is parsed: what a body costs is made of its values rather than its bytes,
 * and 1 MiB of them would stop the event loop for some 0.2 s.
 * @throws ApiError `malformed_body` above the levels, `payload_too_large` above the values
 */
export function assertBounded(bytes: Buffer): void {
  let depth = 0;
  let values = 0;
  let quoted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (quoted) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (byte === COMMA) values++;
    else if (byte === LIST_END || byte === OBJECT_END) depth--;
    else if (byte === LIST || byte === OBJECT) {
      values++;
      if (++depth > LIMITS.bodyDepth) {
        throw apiError('malformed_body', `The body is nested deeper than ${LIMITS.bodyDepth} levels`);
      }
    }
    if (values > LIMITS.bodyValues) {
      throw apiError('payload_too_large', `The body has more than ${LIMITS.bodyValues} members and items`);
    }
  }
}
