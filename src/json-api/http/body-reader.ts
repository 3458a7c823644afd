import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
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

/**
 * A request whose body is bounded by the number of its chunks, before it is read. Node keeps an object for each
 * chunk until it is read: 6 MB of chunks of one byte take more than 100 MB. What comes after the bound is dropped, so
 * the body must not be taken for complete: see `hasTooManyChunks`.
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
 * Leaves bodies to the guard that reads them. A client that asks first whether to send its body (`Expect: 100-continue`, RFC
 * 9110, 10.1.1) gets no `100 Continue` from Node. What is unread when the response is sent, Node receives and drops, so that a
 * client that sends before it reads gets its response and may reuse the connection, within the timeout.
 */
export function leaveBodiesUnread(server: FastifyInstance, discardTimeoutMs = DISCARD_TIMEOUT_MS): void {
  const http = server.server;
  http.on('checkContinue', (request, response) => http.emit('request', request, response));
  server.addHook('onRequest', ({ raw: message }, { raw: response }, done) => {
    const { 'content-length': length = '0', 'transfer-encoding': coding } = message.headers;
    if (length !== '0' || coding !== undefined) {
      response.once('finish', () => {
        if (message.complete) return;
        requestsWithResponse.set(message.socket, message);
        const timer = setTimeout(() => !message.complete && message.socket.destroy(), discardTimeoutMs).unref();
        // Of the message and not of its socket, which lives for many requests.
        message.once('close', () => clearTimeout(timer));
      });
    }
    done();
  });
}
