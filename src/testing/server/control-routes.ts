import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { z } from 'zod';
import { milliseconds } from '../clock/node-clock.js';
import type { TestIam } from '../test-iam.js';
import { assertLocal, ControlError, readJson } from './control-request.js';

/** Paths of the control routes begin so. */
const PREFIX = '/__test/';
/** Maximum time to wait for a mail, in milliseconds. */
const MAX_MAIL_MS = 60_000;

const id = z.uuid();
const LOGIN = z.union([
  z.strictObject({ email: z.string(), password: z.string() }),
  z.strictObject({
    role: z.string(),
    of: z.union([id, z.array(id).max(100)]).optional(),
    name: z.string().min(1).max(200).optional(),
    email: z.email().optional(),
  }),
]);
const MAIL = z.strictObject({ to: z.email(), timeout_ms: z.int().min(0).max(MAX_MAIL_MS).optional() });

/** What a route takes, and what it does with it. */
interface Route {
  /** Completes the sentence "The body must be …". */
  readonly body: string;
  readonly schema: z.ZodType;
  readonly run: (iam: TestIam, body: never) => Promise<unknown>;
}

const route = <Body>(
  body: string,
  schema: z.ZodType<Body>,
  run: (iam: TestIam, body: Body) => Promise<unknown>,
): Route => ({
  body,
  schema,
  run,
});

const ROUTES: Readonly<Record<string, Route>> = {
  reset: route('empty, or {}', z.strictObject({}), async (iam) => {
    await iam.reset();
    // The session of the former token is gone with the rows.
    return { admin_token: (await iam.admin()).token };
  }),
  clock: route('{ "advance": "3 days" }', z.strictObject({ advance: z.unknown() }), async (iam, { advance }) => {
    await iam.clock.advance(milliseconds(advance));
    return { offset_ms: iam.clock.offset };
  }),
  login: route(
    '{ "role": "org_owner", "of"?: organization ids, "name"?, "email"? } or { "email", "password" }',
    LOGIN,
    async (iam, body) => {
      const { token, refreshToken, account } = await ('role' in body
        ? iam.as(body.role, options(body))
        : iam.signIn(body));
      return { token, refresh_token: refreshToken, account };
    },
  ),
  mail: route(
    '{ "to": "jane@example.com", "timeout_ms"?: up to 60000 }',
    MAIL,
    async (iam, { to, timeout_ms: timeoutMs }) => iam.mailbox.next(to, timeoutMs === undefined ? {} : { timeoutMs }),
  ),
};

/** Without members that were left out. */
function options({ role: _role, ...rest }: Extract<z.output<typeof LOGIN>, { role: string }>) {
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { of?: string[]; name?: string; email?: string };
}

/**
 * Puts the control routes in front of a service that listens: `POST /__test/reset`, `clock`, `login` and `mail`. The
 * service has no such routes itself; its own requests pass as they are.
 */
export function addControlRoutes(server: Server, iam: TestIam): void {
  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (request.url?.startsWith(PREFIX)) void respond(iam, request, response);
    else for (const listener of listeners) listener.call(server, request, response);
  });
}

async function respond(iam: TestIam, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [status, body] = await outcome(iam, request).then(
    (result): [number, unknown] => [200, result],
    (error: unknown): [number, unknown] => [
      statusOf(error),
      { error: error instanceof Error ? error.message : String(error) },
    ],
  );
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

async function outcome(iam: TestIam, request: IncomingMessage): Promise<unknown> {
  assertLocal(request);
  const name = request.url?.slice(PREFIX.length) ?? '';
  const found = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  const paths = Object.keys(ROUTES).map((one) => PREFIX + one);
  if (!found) throw new ControlError(404, `There is no ${request.url}; the test server has ${paths.join(', ')}.`);
  if (request.method !== 'POST') throw new ControlError(405, `${request.url} takes POST only.`);
  const parsed = found.schema.safeParse(await readJson(request));
  if (!parsed.success) {
    const reasons = parsed.error.issues.map(({ path, message }) =>
      [path.join('.'), message].filter(Boolean).join(': '),
    );
    throw new ControlError(400, `The body must be ${found.body}. ${reasons.join('; ')}`);
  }
  return found.run(iam, parsed.data as never);
}

/** A mistake in the request is 400; what the service rejected, or a mail that has not come, is 422. */
function statusOf(error: unknown): number {
  if (error instanceof ControlError) return error.status;
  return error instanceof TypeError ? 400 : 422;
}
