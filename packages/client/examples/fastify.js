import fastify from 'fastify';
import { AccessTokenError, verifyAccessToken } from 'iam-client/server';

/**
 * A service whose routes need an access token, in Fastify.
 * @param {import('iam-client/server').VerifyOptions} options issuer and audience of the tokens
 */
export function createServer(options) {
  const app = fastify();
  app.decorateRequest('access', null);

  app.addHook('onRequest', async (request) => {
    request.access = await verifyAccessToken(request.headers.authorization, options);
  });

  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof AccessTokenError)) return reply.send(error);
    return reply.code(401).header('WWW-Authenticate', 'Bearer').send({ error: error.message });
  });

  app.get('/projects', async ({ access }, reply) => {
    const scopes = access.rights.scopes('dataset:projects', 'read');
    if (scopes.has('*')) return { projects: 'all' };
    if (scopes.has('as_user')) return { projects: `of ${access.accountId}` };
    return reply.code(403).send({ error: 'You may not read projects' });
  });

  return app;
}
