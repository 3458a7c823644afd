import { maxHeaderSize, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { errorDocument, MEDIA_TYPE } from './document.js';

/** Why Node gives up on what it reads, by the code of its error. */
const REASONS: Readonly<Record<string, string>> = {
  HPE_INVALID_URL: 'The address is not percent-encoded (RFC 3986)',
  HPE_INVALID_HEADER_TOKEN: 'A header holds a control character',
  HPE_HEADER_OVERFLOW: `The address and the headers are larger than ${maxHeaderSize / 1024} KiB`,
  ERR_HTTP_REQUEST_TIMEOUT: 'The request did not arrive in time',
};

/**
 * Answers what Node's parser cannot read, so that it is no request yet and nothing else of ours is reached: an address
 * that was not encoded, a header too many. Afterwards nobody knows where the next request would begin, so the connection
 * ends; without a word where nothing was asked, or where another answer is on its way.
 */
export function answerUnreadableRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesRead === 0 || isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const id = uuidv7();
  const body = errorDocument(
    [{ code: 'malformed_body', detail: REASONS[error.code ?? ''] ?? 'The request is not HTTP' }],
    id,
  );
  const head = [
    'HTTP/1.1 400 Bad Request',
    `content-type: ${MEDIA_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'vary: Accept',
    'x-content-type-options: nosniff',
    `x-request-id: ${id}`,
    'connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}

/** Whether part of an answer is out: what Node itself asks before it answers, and tells by nothing else. */
function isAnswering(socket: Socket & { readonly _httpMessage?: ServerResponse | null }): boolean {
  return socket._httpMessage?.headersSent ?? false;
}
