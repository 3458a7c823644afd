import express from 'express';
import { AccessTokenError, verifyAccessToken } from 'iam-client/server';

/**
 * A service whose routes need an access token, in Express 5.
 * @param {import('iam-client/server').VerifyOptions} options issuer and audience of the tokens
 */
export function createServer(options) {
  const app = express();

  app.use(async (request, _response, next) => {
    request.access = await verifyAccessToken(request.headers.authorization, options);
    next();
  });

  app.get('/projects', ({ access }, response) => {
    const scopes = access.rights.scopes('dataset:projects', 'read');
    if (scopes.has('*')) response.json({ projects: 'all' });
    else if (scopes.has('as_user')) response.json({ projects: `of ${access.accountId}` });
    else response.status(403).json({ error: 'You may not read projects' });
  });

  app.use((error, _request, response, next) => {
    if (!(error instanceof AccessTokenError)) return next(error);
    response.status(401).set('WWW-Authenticate', 'Bearer').json({ error: error.message });
  });

  return app;
}
