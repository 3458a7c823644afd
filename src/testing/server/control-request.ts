import type { IncomingMessage } from 'node:http';

/** In bytes. */
const MAX_BODY = 65_536;

/** Names of this machine in the header `Host`. Another name has been made to lead here (DNS rebinding). */
const LOCAL_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;
const LOCAL_ADDRESS = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/;

/** A request to a control route that is rejected, with a sentence for its author. */
export class ControlError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** @throws ControlError 403 for requests that do not come from this machine, or that a page of another site sends */
export function assertLocal({ socket, headers }: IncomingMessage): void {
  if (!LOCAL_ADDRESS.test(socket.remoteAddress ?? '')) {
    throw new ControlError(403, 'The control routes take requests from this machine only.');
  }
  if (!LOCAL_HOST.test(headers.host ?? '')) {
    throw new ControlError(403, 'The control routes are reached as localhost, 127.0.0.1 or [::1] only.');
  }
}

/**
 * The JSON of the body; `{}` without one.
 * @throws ControlError 415 for another media type, which a page of any site could send; 413; 400 for what is no JSON
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new ControlError(413, `The body is larger than ${MAX_BODY} bytes.`);
    chunks.push(chunk);
  }
  const type = request.headers['content-type'];
  if (type === undefined ? size > 0 : !/^application\/json(;|$)/i.test(type)) {
    throw new ControlError(415, 'The body must be sent as application/json.');
  }
  if (size === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (error) {
    throw new ControlError(400, `The body is not JSON: ${(error as Error).message}.`);
  }
}
