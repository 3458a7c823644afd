import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** What `.ci/package`, which runs these tests, has packed; `npm test` does not run them. */
export const TARBALL = resolve(process.env['IAM_TEST_PACKAGE'] ?? '');

/** Of a step that installs packages, in milliseconds: generous, since a slow machine or registry says nothing about the package. */
export const TIMEOUT_MS = 600_000;

/** A user's environment, without that of these tests and of the npm that runs them. */
const ENV: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  // A registry that does not answer for a minute or two fails no test.
  npm_config_fetch_retries: '5',
  npm_config_prefer_offline: 'true',
  npm_config_yes: 'true',
  // The files of tests run side by side.
  PORT: String(3_917 + Number(process.env['JEST_WORKER_ID'] ?? 0)),
  METRICS_PORT: '0',
};

/** Runs a command as it is typed, in a folder. An error shows what it printed. */
export async function type(command: string, cwd: string): Promise<string> {
  const options = { cwd, env: ENV, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)('bash', ['-c', command], options).catch(
    ({ message, stdout, stderr }: Record<string, string>) => {
      // Without output, such as in a folder that is not there, only the message says why.
      const output = `${stdout?.slice(-8_000)}\n${stderr?.slice(-4_000)}`.trim();
      throw new Error(`${command} failed in ${cwd}:\n${output || message}`);
    },
  );
  return stdout;
}

/** Runs a block of commands as it is typed, and returns how long its processes were at work on all cores, in seconds. */
export async function cpuSecondsOf(
  commands: readonly string[],
  cwd: string,
): Promise<[seconds: number, output: string]> {
  const output = await type(`set -e\n${commands.join('\n')}\ntimes`, cwd);
  // The last line of `times` is that of the children, such as `0m12.345s 0m6.789s`: user and system.
  const times = [...(output.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return [times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0), output];
}

/** Runs the commands of a block one after the other; `cd` counts for those after it. */
export async function typeAll(commands: readonly string[], cwd: string): Promise<string> {
  let [output, place] = ['', cwd];
  for (const command of commands) {
    const [, to] = /^cd (\S+)$/.exec(command) ?? [];
    if (to === undefined) output += await type(command, place);
    else place = join(place, to);
  }
  return output;
}

/** Starts a project with `npm start`, runs the work with its URL and what it has logged, and ends it. */
export async function withService<Result>(
  cwd: string,
  work: (url: string, output: string) => Promise<Result>,
): Promise<Result> {
  const service = spawn('bash', ['-c', 'exec npm start'], { cwd, env: ENV, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(service, 'exit');
  let output = '';
  for (const stream of [service.stdout, service.stderr])
    stream.on('data', (chunk: Buffer) => (output += String(chunk)));
  try {
    const url = () => /Serving on (http:\/\/\S+) /.exec(output)?.[1];
    for (let waited = 0; url() === undefined && service.exitCode === null && waited < 600; waited++) await sleep(100);
    if (url() === undefined) throw new Error(`The service did not start:\n${output}`);
    return await work(url() ?? '', output);
  } finally {
    service.kill('SIGTERM');
    await ended;
  }
}

/** How many tests have passed, in the output of Node's runner. */
export const passed = (output: string): number => Number(/^# pass (\d+)$/m.exec(output)?.[1] ?? 0);

/** Signs in to a service, and returns its requests: with a body a POST, without one a GET. */
export async function signIn(url: string, credentials: { email: string; password: string }) {
  const send = async (path: string, body?: object, token?: string) => {
    const headers = {
      'content-type': 'application/vnd.api+json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const response = await fetch(url + path, { headers, ...(body && { method: 'POST', body: JSON.stringify(body) }) });
    // Documents of every shape; what is expected of one is asserted.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    return { status: response.status, body: (await response.json()) as any };
  };
  const { body } = await send('/auth/login', credentials);
  return (path: string, sent?: object) => send(path, sent, body.meta.token);
}

/** The first admin, whom the log of a first start names. */
export function firstAdmin(log: string): { email: string; password: string } {
  const [, email = ''] = /First admin: (\S+)/.exec(log) ?? [];
  const [, password = ''] = /Password: +(\S+)/.exec(log) ?? [];
  return { email, password };
}
