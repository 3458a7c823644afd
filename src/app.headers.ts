import { IncomingMessage, ServerResponse, type OutgoingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import helmet, { type HelmetOptions } from 'helmet';

const POLICY: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
  },
  crossOriginResourcePolicy: { policy: 'same-site' },
  referrerPolicy: { policy: 'no-referrer' },
};

/** The page of the docs needs its own scripts and styles; nothing else here is a page. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

/** What helmet puts on an answer. It puts the same on each, so it is asked once. */
function helmetHeaders(): OutgoingHttpHeaders {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  helmet(POLICY)(request, response, (error) => {
    if (error !== undefined) throw error;
  });
  return response.getHeaders();
}

/** Puts security headers on every answer. None is stored anywhere, unless its route says otherwise. */
export function setSecurityHeaders(server: FastifyInstance): void {
  const headers = { ...helmetHeaders(), 'cache-control': 'no-store' };
  const ofDocs = { ...headers, 'content-security-policy': DOCS_POLICY };
  server.addHook('onRequest', ({ url }, reply, done) => {
    void reply.headers(url.startsWith('/docs') ? ofDocs : headers);
    done();
  });
}
