import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { loadSwagger } from '../json-api/openapi/decorators.js';
import { openApiDocument } from './openapi-document.js';

/** Swagger UI puts parameters into a table of two columns, which on a phone is wider than the screen: one below the other. */
const NARROW = `@media (max-width: 640px) {
  .swagger-ui .parameters-container thead { display: none }
  .swagger-ui .parameters-container :is(table, tbody, tr, td) { display: block; width: auto; min-width: 0; padding-left: 0 }
  .swagger-ui .parameters-container :is(input, select, textarea) { width: 100%; max-width: 100% }
  .swagger-ui .parameters-container td.parameters-col_name { padding-bottom: 0 }
  .swagger-ui .opblock-tag { flex-wrap: wrap }
  .swagger-ui .opblock-tag small { flex: 1 1 100%; padding: 4px 0 }
}`;

/** Of one connection, which is that of the service. */
const HOP_BY_HOP = ['connection', 'date', 'keep-alive', 'transfer-encoding'];

/** Serves the document at `/openapi.json` and Swagger UI at `/docs`, to which `/` redirects. */
export function serveDocs(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  const { publicPath } = app.get(Config);
  // Relative without PUBLIC_PATH, since a proxy may have stripped a part of the path.
  const docs = publicPath === '' ? 'docs' : `${publicPath}/docs`;
  // An extension may have a page there.
  if (!server.hasRoute({ method: 'GET', url: '/' })) server.get('/', (_request, reply) => reply.redirect(docs));
  let pages: Promise<FastifyInstance> | null = null;
  const respond = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    pages ??= docsServer(app).catch((error: unknown) => {
      // The next request tries again.
      pages = null;
      throw error;
    });
    return pass(await pages, request, reply);
  };
  for (const url of ['/docs', '/docs/*', '/openapi.json', '/openapi.yaml']) server.get(url, respond);
}

/**
 * A server of its own, which listens nowhere: @nestjs/swagger adds its routes to it with the first request, when the service
 * takes no routes any more.
 */
async function docsServer(app: NestFastifyApplication): Promise<FastifyInstance> {
  const { SwaggerModule } = await loadSwagger();
  const document = await openApiDocument(app);
  const adapter = new FastifyAdapter();
  const described: NestFastifyApplication = Object.create(app, { getHttpAdapter: { value: () => adapter } });
  SwaggerModule.setup('docs', described, document, {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Iam API',
    customCss: NARROW,
    swaggerOptions: { persistAuthorization: true },
  });
  const server = adapter.getInstance<FastifyInstance>();
  await server.ready();
  return server;
}

/**
 * Answers a request with the response of another server, as a stream: the scripts of Swagger UI have more than a megabyte,
 * and are read as fast as the client takes them. Of one for HEAD Fastify leaves the body out.
 */
async function pass(
  server: FastifyInstance,
  { url, headers }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const response = await server.inject({ method: 'GET', url, headers, payloadAsStream: true });
  if (response.statusCode === 404) {
    response.stream().resume();
    reply.callNotFound();
    return reply;
  }
  for (const name of HOP_BY_HOP) delete response.headers[name];
  return reply.code(response.statusCode).headers(response.headers).send(response.stream());
}
