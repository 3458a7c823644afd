import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { OutboundError } from './outbound.errors.js';

/** Encodings of content (RFC 9110, 8.4.1). None is asked for, but a host may send one all the same. */
const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/**
 * Reads the body of a response.
 * @param encoding its `Content-Encoding`
 * @param maxBytes maximum size, in bytes, both as it is sent and decompressed
 * @throws OutboundError `body_too_large`, `invalid_response`; what the stream throws
 */
export async function readBody(body: Readable, encoding: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const collect = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) chunks.push(chunk);
  };
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity') {
    await pipeline(body, atMost(maxBytes), collect);
  } else {
    const decoder = DECODERS.get(name);
    if (!decoder) {
      discard(body);
      throw new OutboundError('invalid_response', 'The response has an unknown encoding');
    }
    await pipeline(body, atMost(maxBytes), decoder(), atMost(maxBytes), collect);
  }
  return Buffer.concat(chunks);
}

/** Ends the connection of a response whose body is not read. */
export function discard(body: Readable): void {
  // Ended early, it reports an error, which is none here.
  body.on('error', () => undefined).destroy();
}

/** Passes on so many bytes, and fails with the next one. */
const atMost = (maxBytes: number) =>
  async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let size = 0;
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxBytes) throw new OutboundError('body_too_large', `The response is larger than ${maxBytes} bytes`);
      yield chunk;
    }
  };
