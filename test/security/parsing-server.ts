import cookie from '@fastify/cookie';
import Fastify, { type FastifyRequest } from 'fastify';
import { clientAddress } from '../../src/auth/authentication/client-address.js';
import { Cookies, KnownDevice } from '../../src/auth/tokens/cookies.js';
import { credentialsOf, CrossSite } from '../../src/auth/authentication/authentication.js';
import { SecretBox } from '../../src/auth/tokens/secrets.js';
import { configureHttp, requestId } from '../../src/json-api/http/http.js';
import { ApiError } from '../../src/json-api/document/errors.js';
import { LIMITS } from '../../src/json-api/limits.js';

/** A server that reads all of a request that the service reads, and does nothing else. */
export async function hostileServer() {
  const server = Fastify({
    trustProxy: ['127.0.0.0/8'],
    genReqId: requestId,
    bodyLimit: 2 * LIMITS.bodyBytes,
    routerOptions: { maxParamLength: LIMITS.pathParameterCharacters },
  });
  configureHttp(server);
  await server.register(cookie);
  const config = { environment: 'production', apiPrefix: '', publicPath: '' } as const;
  const devices = new KnownDevice(new SecretBox({ appSecrets: ['a secret of this test'] }), new Cookies(config));
  const crossSite = new CrossSite({ appUrl: 'https://example.com', corsOrigins: ['https://app.example.com'] });
  const read = (request: FastifyRequest): unknown => {
    const { query, params, ip, ips, host, hostname, protocol } = request;
    const known = [clientAddress(request), credentialsOf(request), devices.recognize(request, 'a@example.com')];
    for (const check of [crossSite.check, crossSite.checkForm]) {
      try {
        check.call(crossSite, request);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
      }
    }
    return [query, params, ip, ips, host, hostname, protocol, known].length;
  };
  server.route({
    method: ['GET', 'POST'],
    url: '/parse/:id',
    handler: async (request, reply) => {
      read(request);
      void reply.header('etag', '"1"').header('content-type', 'application/vnd.api+json');
      return '{}';
    },
  });
  await server.ready();
  return {
    /** With cookies, and unsafe, since the checks of other sites look only then. */
    header: (name: string, text: string) =>
      server.inject({
        method: name === 'if-none-match' ? 'GET' : 'POST',
        url: '/parse/1',
        headers: { cookie: 'auth-token=x', [name]: text },
      }),
    /** What is no URL to the one that injects it does not get here. */
    path: (text: string) =>
      URL.canParse(text, 'http://localhost') ? server.inject({ method: 'GET', url: text }) : undefined,
  };
}
