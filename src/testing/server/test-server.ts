import '../test-environment.js';
import type { Extension } from '../../app.extension.js';
import { VARIABLES } from '../../config/variables.js';
import { freePort } from '../../embedded-postgres/postgres-process.js';
import { startIam } from '../start-iam.js';
import { ADMIN } from '../test-environment.js';
import { addControlRoutes } from './control-routes.js';

/** Front ends keep cookies and passkeys for this name, which an IP address cannot have. */
const HOST = 'localhost';

/** Variables whose values the test server decides, whatever the environment says. */
const OWN_VARIABLES = new Set([
  ...['NODE_ENV', 'HOST', 'PORT', 'METRICS_PORT', 'DATA_DIR', 'MAIL_URL', 'MIGRATE_ON_START'],
  ...['DATABASE_URL', 'DATABASE_DIRECT_URL', 'DATABASE_POOLER', 'ADMIN_EMAIL', 'ADMIN_PASSWORD'],
  ...['APP_SECRET', 'JWT_PRIVATE_KEY', 'BCRYPT_COST', 'HASH_MAX_COST', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
]);

/** What a test server is started with. */
export interface TestServerOptions {
  readonly extension: Extension;
  /** Variables of the service in it count, but for those that lead to data or hold secrets. */
  readonly env: NodeJS.ProcessEnv;
  /** 0 takes a free one. */
  readonly port: number;
  /** A server on which databases may be created; the embedded one by default. */
  readonly database?: string | undefined;
}

/** What a client of the test server has to know. */
export interface TestServerAddress {
  readonly url: string;
  readonly database_url: string;
  readonly admin_email: string;
  readonly admin_password: string;
  readonly admin_token: string;
  /** Id of the process, which ends with its parent or by SIGTERM. */
  readonly pid: number;
}

/** A test server that runs. */
export interface RunningTestServer {
  readonly address: TestServerAddress;
  /** Ends it, and removes its database. */
  stop(): Promise<void>;
}

/**
 * Starts the service with control routes, for end-to-end tests in other processes and languages.
 * @throws what `startIam` throws
 */
export async function startTestServer({
  extension,
  env,
  port: asked,
  database,
}: TestServerOptions): Promise<RunningTestServer> {
  const port = asked || (await freePort());
  const url = `http://${HOST}:${port}`;
  const own = { HOST, PORT: String(port), APP_URL: env['APP_URL'] || url };
  const iam = await startIam({
    extension,
    ...(database !== undefined && { database }),
    env: { ...variablesOf(env, extension), ...own },
  });
  addControlRoutes(iam.nest.getHttpServer(), iam);
  const { token } = await iam.admin();
  const address = {
    url,
    database_url: iam.databaseUrl,
    admin_email: ADMIN.email,
    admin_password: ADMIN.password,
    admin_token: token,
    pid: process.pid,
  };
  return { address, stop: () => iam.stop() };
}

/** The variables of the service and of its extension in an environment. */
function variablesOf(env: NodeJS.ProcessEnv, { variables = {} }: Extension): Record<string, string | undefined> {
  const names = Object.keys({ ...VARIABLES, ...variables }).filter((name) => !OWN_VARIABLES.has(name) && env[name]);
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}
