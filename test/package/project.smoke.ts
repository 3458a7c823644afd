import { spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { commandsOf, filesOf } from '../docs/adding-a-resource.js';

/** What `.ci/package`, which runs this file, has packed; `npm test` does not run it. */
const TARBALL = resolve(process.env['IAM_TEST_PACKAGE'] ?? '');
const PAGE = readFileSync('docs/adding-a-resource.md', 'utf8');
const [NEW = [], REMOVE = [], TEST = [], RUN = []] = commandsOf(PAGE);

/** From an empty folder, with a warm cache of npm, to the first test that has passed. */
const MAX_SECONDS = 60;
const TIMEOUT_MS = 240_000;
const PORT = '3917';

/** A user's environment, without that of these tests and of the npm that runs them. */
const ENV: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_prefer_offline: 'true',
  npm_config_yes: 'true',
  PORT,
  METRICS_PORT: '0',
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iam-user-'));
  cpSync(TARBALL, join(folder, basename(TARBALL)));
  forgetNpx();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** npm exec installs what it runs into its cache, by the words of the command: there, an earlier tarball would remain. */
function forgetNpx(): void {
  const cache = join(homedir(), '.npm/_npx');
  for (const name of existsSync(cache) ? readdirSync(cache) : []) {
    const manifest = join(cache, name, 'package.json');
    if (existsSync(manifest) && readFileSync(manifest, 'utf8').includes(`./${basename(TARBALL)}`)) {
      rmSync(join(cache, name), { recursive: true });
    }
  }
}

/** Runs a command as it is typed, in a folder. An error shows what it printed. */
async function type(command: string, cwd: string): Promise<string> {
  const options = { cwd, env: ENV, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)('bash', ['-c', command], options).catch(
    ({ stdout, stderr }: Record<string, string>) => {
      throw new Error(`${command} failed:\n${stdout?.slice(-8_000)}\n${stderr?.slice(-4_000)}`);
    },
  );
  return stdout;
}

/** Runs the commands of a block one after the other; `cd` counts for those after it. */
async function typeAll(commands: readonly string[], cwd: string): Promise<string> {
  let [output, place] = ['', cwd];
  for (const command of commands) {
    const [, to] = /^cd (\S+)$/.exec(command) ?? [];
    if (to === undefined) output += await type(command, place);
    else place = join(place, to);
  }
  return output;
}

/** Starts a project with `npm start`, asks for this, and ends it. */
async function withService<Result>(
  cwd: string,
  work: (url: string, output: string) => Promise<Result>,
): Promise<Result> {
  const service = spawn('bash', ['-c', RUN.at(-1) ?? ''], { cwd, env: ENV, stdio: ['ignore', 'pipe', 'pipe'] });
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

const passed = (output: string): number => Number(/^# pass (\d+)$/m.exec(output)?.[1] ?? 0);

describe('A new project, made and extended as docs/adding-a-resource.md says', () => {
  const project = (): string => join(folder, 'teams-iam');

  it(
    `passes its first test within ${MAX_SECONDS} s, from an empty folder`,
    async () => {
      const started = performance.now();
      const output = await typeAll(NEW, folder);
      const seconds = (performance.now() - started) / 1000;
      process.stdout.write(`From an empty folder to ${passed(output)} passed tests: ${seconds.toFixed(1)} s\n`);
      expect(passed(output)).toBeGreaterThan(20);
      expect(seconds).toBeLessThan(MAX_SECONDS);
    },
    TIMEOUT_MS,
  );

  it(
    'has teams after the files of the page, with the contract tests, and those of the example',
    async () => {
      await typeAll(REMOVE, project());
      const example = resolve('examples/teams');
      const files = new Map(filesOf(PAGE));
      files.set('src/teams/teams.test.ts', readFileSync(`${example}/src/teams/teams.test.ts`, 'utf8').trimEnd());
      for (const [file, code] of files) {
        mkdirSync(dirname(join(project(), file)), { recursive: true });
        writeFileSync(join(project(), file), `${code}\n`);
      }
      cpSync(`${example}/mails`, join(project(), 'mails'), { recursive: true });
      expect(passed(await typeAll(TEST, project()))).toBeGreaterThan(35);
    },
    TIMEOUT_MS,
  );

  it(
    'migrates, is in order for doctor, and serves its resource and the errors of wrong input',
    async () => {
      const output = await typeAll(RUN.slice(0, -1), project());
      expect(output).toContain('Teams1764100000000');
      expect(output).toMatch(/^ok +migrations/m);
      await withService(project(), async (url, log) => {
        const [, email] = /First admin: (\S+)/.exec(log) ?? [];
        const [, password] = /Password: +(\S+)/.exec(log) ?? [];
        const post = (path: string, body: object, token?: string) =>
          fetch(url + path, {
            method: 'POST',
            headers: {
              'content-type': 'application/json',
              ...(token !== undefined && { authorization: `Bearer ${token}` }),
            },
            body: JSON.stringify(body),
          });
        const { meta } = (await (await post('/auth/login', { email, password })).json()) as { meta: { token: string } };
        const wrong = await post('/teams', { data: { type: 'iam:teams', attributes: { name: '' } } }, meta.token);
        expect([wrong.status, (await post('/teams', {})).status]).toEqual([422, 401]);
      });
    },
    TIMEOUT_MS,
  );

  it('renders the manifests of the package for Kubernetes, with its own image', async () => {
    const manifests = await type('kubectl kustomize .', project());
    expect(manifests.match(/^kind: .*$/gm)?.sort()).toEqual(
      ['ConfigMap', 'Deployment', 'Job', 'PodDisruptionBudget', 'Service'].map((kind) => `kind: ${kind}`),
    );
    expect(manifests.match(/image: .*/g)).toEqual(Array(2).fill('image: registry.example.com/teams-iam:0.1.0'));
    expect(manifests).toContain('ROLES_FILE: /app/roles.yml');
  });

  it('cannot import what the package does not export, and does not start with a second copy of TypeORM', async () => {
    const deep = `import('iam/dist/app.setup.js').catch(({ code }) => console.log(code))`;
    expect(await type(`node --input-type=module -e "${deep}"`, project())).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
    cpSync(join(project(), 'node_modules/typeorm'), join(project(), 'dist/node_modules/typeorm'), { recursive: true });
    await expect(type('npx iam migrate', project())).rejects.toThrow(
      /typeorm is installed twice: the service uses \/\S+\/node_modules\/typeorm, this project \/\S+\/dist\/node_modules\/typeorm/,
    );
  });
});
