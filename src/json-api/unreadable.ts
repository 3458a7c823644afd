import type { Socket } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { errorDocument, MEDIA_TYPE } from './document.js';

/** Why Node gives up on what it reads, by the code of its error, where that says more than the words for all others. */
const REASONS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'The address and the headers are larger than 16 KiB',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request did not arrive in time',
};
const NO_HTTP =
  'The request is not HTTP: an address is percent-encoded (RFC 3986), and headers hold no control characters';

/**
 * Answers what Node's parser cannot read, so that it is no request yet and nothing else of ours is reached: an address
 * that was not encoded, a header too many. Afterwards nobody knows where the next request would begin, so the connection
 * ends.
 */
export function answerUnreadableRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const id = uuidv7();
  const detail = REASONS[error.code ?? ''] ?? NO_HTTP;
  const body = errorDocument([{ code: 'malformed_body', detail }], id);
  const head = [
    'HTTP/1.1 400 Bad Request',
    `content-type: ${MEDIA_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'vary: Accept',
    'x-content-type-options: nosniff',
    `x-request-id: ${id}`,
    'connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
