import 'reflect-metadata';
import { Session } from 'node:inspector/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createApp } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/load-config.js';
import { OutboxWorker } from '../../src/outbox/outbox.worker.js';

/** The root of the compiled project, in which this program stands. */
const ROOT = join(import.meta.dirname, '../..');

/** The files of `src/` in which a function ran between a request and its response, by the request's name. */
export type RequestFiles = Readonly<Record<string, { readonly status: number; readonly files: readonly string[] }>>;

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly token?: string;
}

/**
 * Starts the service that the environment describes, sends the three requests that `docs/architecture.md` follows, and
 * writes to its standard output which files ran for each (precise coverage of V8, so without what ran at the start).
 */
const config = loadConfig(process.env);
const app = await createApp(config);
await app.listen({ host: config.host, port: 0 });
const url = await app.getUrl();

const send = ({ method, path, body, token }: Sent): Promise<Response> =>
  fetch(url + path, {
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });

const login: Sent = {
  method: 'POST',
  path: '/auth/login',
  body: { email: config.adminEmail, password: config.adminPassword },
};
const { meta } = (await (await send(login)).json()) as { meta: { token: string } };
const { token } = meta;
const invited = await send({
  method: 'POST',
  path: '/accounts',
  body: { data: { type: 'iam:accounts', attributes: { name: 'Ada', email: 'ada@example.com' } } },
  token,
});
const { data } = (await invited.json()) as { data: { id: string } };

// A mail that is delivered at once would run while the response is sent, or not.
await app.get(OutboxWorker, { strict: false }).onModuleDestroy();

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
const filesSinceLast = async (): Promise<string[]> => {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const ran = result.filter(({ functions }) => functions.some(({ ranges }) => ranges.some(({ count }) => count > 0)));
  const scripts = ran.flatMap((script) => (script.url.startsWith('file:') ? [fileURLToPath(script.url)] : []));
  const files = scripts.map((script) => relative(ROOT, script).replace(/\.js$/, '.ts'));
  return [...new Set(files.filter((file) => file.startsWith('src/')))].sort();
};

/** Waits until work of the background, which comes every 300 ms, has just been done. */
const untilQuiet = async (): Promise<void> => {
  while ((await filesSinceLast()).length === 0) await sleep(5);
  await sleep(20);
  await filesSinceLast();
};

const report: Record<string, RequestFiles[string]> = {};
for (const [name, request] of Object.entries<Sent>({
  'GET /accounts with a filter': { method: 'GET', path: '/accounts?filter[name__match]=ad&sort=-created_at', token },
  'POST /auth/login': login,
  'POST /accounts/{id}/resend_invitation': { method: 'POST', path: `/accounts/${data.id}/resend_invitation`, token },
})) {
  await untilQuiet();
  const response = await send(request);
  await response.arrayBuffer();
  report[name] = { status: response.status, files: await filesSinceLast() };
}
session.disconnect();
await app.close();
process.stdout.write(`${JSON.stringify(report)}\n`);
