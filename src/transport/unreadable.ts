import { maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { hasPendingRequest } from '../context/request-context.js';
import { interruptBody, hasResponse } from '../json-api/http/body-reader.js';
import { errorDocument, MEDIA_TYPE } from '../json-api/document/document.js';
import { ERROR_CODES, apiError } from '../json-api/document/errors.js';

/** Error codes of the contract for an unreadable request. */
export type UnreadableCode = 'malformed_body' | 'headers_too_large' | 'request_timeout' | 'payload_too_large';

interface Reason {
  readonly code: UnreadableCode;
  readonly detail: string;
}

const NO_HTTP: Reason = { code: 'malformed_body', detail: 'The request is not HTTP' };

/** Reasons by Node's error code. */
const REASONS: Readonly<Record<string, Reason>> = {
  HPE_INVALID_URL: { code: 'malformed_body', detail: 'The address is not percent-encoded (RFC 3986)' },
  HPE_INVALID_HEADER_TOKEN: { code: 'malformed_body', detail: 'A header contains a control character' },
  HPE_INVALID_CHUNK_SIZE: { code: 'malformed_body', detail: 'The body is not chunked as HTTP has it (RFC 9112, 7.1)' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { code: 'payload_too_large', detail: 'The extensions of the chunks are too large' },
  HPE_HEADER_OVERFLOW: {
    code: 'headers_too_large',
    detail: `The address and the headers are larger than ${maxHeaderSize / 1024} KiB`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', detail: 'The request did not arrive in time' },
};

/**
 * Responds to requests that Node's parser cannot read, or that do not arrive in time. Errors while a body is read have
 * a regular response; these occur before a request exists: an invalid URL, too many headers. The start of the next
 * request is then unknown, so the connection is closed; without a response when no request was sent, when another
 * response comes first, or when the response was already sent.
 * @param rejected called for what has no request log line
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
  if (hasPendingRequest(socket) || hasResponse(socket)) {
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
    'vary: Accept, Accept-Language',
    'x-content-type-options: nosniff',
    `x-request-id: ${id}`,
    'connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
