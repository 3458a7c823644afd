import { maxHeaderSize, STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { interruptBody, hasResponse } from '../json-api/http/body-reader.js';
import { errorDocument, MEDIA_TYPE } from '../json-api/document/document.js';
import { ERROR_CODES, apiError } from '../json-api/document/errors.js';

/** What the contract calls a request that cannot be read. */
export type UnreadableCode = 'malformed_body' | 'headers_too_large' | 'request_timeout' | 'payload_too_large';

interface Reason {
  readonly code: UnreadableCode;
  readonly detail: string;
}

const NO_HTTP: Reason = { code: 'malformed_body', detail: 'The request is not HTTP' };

/** Why Node gives up on what it reads, by the code of its error. */
const REASONS: Readonly<Record<string, Reason>> = {
  HPE_INVALID_URL: { code: 'malformed_body', detail: 'The address is not percent-encoded (RFC 3986)' },
  HPE_INVALID_HEADER_TOKEN: { code: 'malformed_body', detail: 'A header holds a control character' },
  HPE_INVALID_CHUNK_SIZE: { code: 'malformed_body', detail: 'The body is not chunked as HTTP has it (RFC 9112, 7.1)' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { code: 'payload_too_large', detail: 'The extensions of the chunks are too large' },
  HPE_HEADER_OVERFLOW: {
    code: 'headers_too_large',
    detail: `The address and the headers are larger than ${maxHeaderSize / 1024} KiB`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', detail: 'The request did not arrive in time' },
};

/**
 * Answers what Node's parser cannot read, and what does not arrive in time. Whoever reads the body of a request answers
 * it as any other; before that it is no request yet, and nothing else of ours is reached: an address that was not encoded,
 * a header too many. Afterwards nobody knows where the next request would begin, so the connection ends; without a word
 * where nothing was asked, or where another answer is due first, or was sent for what is still coming.
 * @param rejected told what no request will be logged for
 */
export function respondToUnreadableRequest(
  error: NodeJS.ErrnoException,
  socket: Socket,
  rejected: (code: UnreadableCode) => void,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesRead === 0) {
    socket.destroy();
    return;
  }
  const { code, detail } = REASONS[error.code ?? ''] ?? NO_HTTP;
  if (interruptBody(socket, apiError(code, detail, undefined, { headers: { Connection: 'close' } }))) return;
  rejected(code);
  if (isAnswering(socket) || hasResponse(socket)) {
    socket.destroy();
    return;
  }
  const id = uuidv7();
  const body = errorDocument([{ code, detail }], id);
  const { status } = ERROR_CODES[code];
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
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

/** Whether a request before this one waits for its answer: what Node itself asks, and tells by nothing else. */
function isAnswering(socket: Socket & { readonly _httpMessage?: ServerResponse | null }): boolean {
  return Boolean(socket._httpMessage);
}
