import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import cors from '@fastify/cors';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import helmet, { type HelmetOptions } from 'helmet';
import { Logger, PinoLogger } from 'nestjs-pino';
import { serveDocs } from './docs/docs.server.js';
import { NO_EXTENSION } from './app.extension.js';
import { serviceLogging } from './app.logging.js';
import { AppModule } from './app.module.js';
import { checkSharedPackages } from './app.packages.js';
import { clientAddress, trustedProxyCheck, trustProxyOption } from './auth/authentication/client-address.js';
import { countRequests, RateLimiter, tallyListener } from './auth/rate-limit/rate-limiter.js';
import type { Config } from './config/config.js';
import { provideRequestContext, RATE_LIMIT_HEADERS } from './context/request-context.js';
import { DrainingAdapter, Shutdown } from './health/shutdown.js';
import { replyToUnreadableUrl, configureHttp, requestId, setHeaders, withoutPublicPath } from './json-api/http/http.js';
import { JsonApiGuard } from './json-api/http/json-api.guard.js';
import { LIMITS } from './json-api/limits.js';
import { nestLogger } from './logging/logging.module.js';
import { logRequests } from './logging/request-line.js';
import { Metrics } from './metrics/metrics.js';
import { MetricsServer } from './metrics/metrics.server.js';
import { PersonalDataCheck } from './personal-data/personal-data.js';
import { startTracing } from './tracing/start-tracing.js';
import { loggedTrace } from './tracing/tracing.js';
import {
  closeUnreadResponses,
  limitConnections,
  limitPipelining,
  timeoutOptions,
  TIMEOUTS,
} from './transport/connections.js';
import { unprefixedPaths } from './transport/controller-routes.js';
import { Addresses, rejectHead, rejectUnknownUrls } from './transport/methods.js';
import { type Rejection, Rejections } from './transport/rejections.js';
import { respondToUnreadableRequest } from './transport/unreadable.js';

/** How long a browser may remember what CORS allows, in seconds. */
const PREFLIGHT_SECONDS = 600;

/** The headers that this service reads. Without this list the plugin repeats whatever a preflight request asks for. */
const CORS_HEADERS = [
  ...['Accept', 'Accept-Language', 'Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match'],
  ...['Prefer', 'Traceparent', 'Tracestate', 'X-Request-Id'],
];

/**
 * Creates the application, ready to listen, for the service and its tests.
 * @throws Error when a package that the service shares with its extension is installed twice
 */
export async function createApp(
  config: Config,
  extension = NO_EXTENSION,
  timeouts = TIMEOUTS,
): Promise<NestFastifyApplication> {
  checkSharedPackages(join(process.cwd(), 'package.json'));
  const reject = (reason: Rejection, ip?: string): void => rejections.record(reason, ip);
  const adapter = new DrainingAdapter({
    trustProxy: trustProxyOption(config.trustedProxies),
    genReqId: requestId,
    ...(config.publicPath !== '' && { rewriteUrl: ({ url = '/' }) => withoutPublicPath(url, config.publicPath) }),
    frameworkErrors: replyToUnreadableUrl,
    clientErrorHandler: (error, socket) =>
      respondToUnreadableRequest(error, socket, (code) => reject(code, socket.remoteAddress)),
    ...timeoutOptions(timeouts, config.keepAliveSeconds),
    // Requests over keep-alive connections are still served: the database closes after the last response.
    return503OnClosing: false,
    routerOptions: { maxParamLength: LIMITS.pathParameterCharacters },
  });
  const tracing = await startTracing(config.tracing);
  const logging = serviceLogging(config);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.register(config, extension, tracing, logging),
    adapter,
    // Not buffered: failed attempts to connect to the database are logged while the service waits for it.
    { bodyParser: false, logger: nestLogger(logging), abortOnError: false },
  );
  app.useLogger(app.get(Logger));
  // After those of all modules.
  app.useGlobalGuards(app.get(JsonApiGuard));
  app.setGlobalPrefix(config.apiPrefix, { exclude: unprefixedPaths(app.get(ModulesContainer)) });
  const server = adapter.getInstance();
  const logger: PinoLogger = await app.resolve(PinoLogger);
  const rejections = new Rejections(app.get(Metrics), logger);
  limitConnections(server.server, config, reject);
  closeUnreadResponses(server.server, reject);
  limitPipelining(server, reject);
  tracing?.traceRequests(server, trustedProxyCheck(config.trustedProxies));
  configureHttp(server);
  logRequests(server, logger, ({ authentication, span }) => ({
    actorId: authentication?.actor.id,
    ...loggedTrace(span),
  }));
  app.get(MetricsServer).countRequests(server);
  await app.register(cookie);
  await app.register(cors, {
    origin: config.corsOrigins.length > 0 ? [...config.corsOrigins] : false,
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: CORS_HEADERS,
    exposedHeaders: ['ETag', 'Location', 'Retry-After', 'X-Request-Id', ...RATE_LIMIT_HEADERS],
    maxAge: PREFLIGHT_SECONDS,
  });
  const headers = { ...helmetHeaders(), 'cache-control': 'no-store' };
  setHeaders(server, headers, { path: '/docs', headers: { ...headers, 'content-security-policy': DOCS_POLICY } });
  // After the headers, which these responses have too.
  rejectUnknownUrls(server, new Addresses(server));
  rejectHead(server, `${config.apiPrefix}/auth/`);
  provideRequestContext(server, clientAddress, tallyListener(app.get(RateLimiter)));
  countRequests(server, app.get(RateLimiter));
  adapter.beforeClosing = () => app.get(Shutdown).begin(server.server);
  try {
    await app.init();
    app.get(PersonalDataCheck).check();
  } catch (error) {
    // A part of it has already started.
    await app.close();
    throw error;
  }
  serveDocs(app);
  await server.ready();
  return app;
}

const POLICY: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
  },
  crossOriginResourcePolicy: { policy: 'same-site' },
  referrerPolicy: { policy: 'no-referrer' },
};

/** The documentation page needs its own scripts and styles. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

/** The headers of helmet. They are constant, so they are computed once. */
function helmetHeaders(): OutgoingHttpHeaders {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  helmet(POLICY)(request, response, (error) => {
    if (error !== undefined) throw error;
  });
  return response.getHeaders();
}
