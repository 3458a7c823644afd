import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compiledPath } from '../runner/compiled.js';
import { startApp, type TestApp } from '../support/app.js';
import { ADMIN } from '../support/environment.js';

const PAGE = readFileSync('README.md', 'utf8');
/** Commands of npm itself. */
const NPM = new Set(['ci', 'exec', 'pack']);
const SESSION = /## Try it\n(.*?)\n## /s.exec(PAGE)?.[1] ?? '';

/** Where the service listens according to the page. */
const ADDRESS = 'http://localhost:3000';
/** A session that hangs is ended after this time, in milliseconds. */
const TIMEOUT_MS = 60_000;

/** One step of the session: what is pasted, and what the page says comes out. */
interface Step {
  readonly script: string;
  readonly shown: string;
}

const STEPS: readonly Step[] = [...SESSION.matchAll(/```bash\n(.*?)\n```\n(?:\n```(?:json|text)\n(.*?)\n?```)?/gs)].map(
  ([, script = '', shown = '']) => ({ script, shown: shown.trim() }),
);

/** Stands between the outputs of two steps. */
const END = '---- end of the step ----';

/** What differs from run to run, or from machine to machine. */
const VARIABLE: readonly [RegExp, string][] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>'],
  [/token=[\w-]{43}/g, 'token=<token>'],
  [/in [\d.]+ s \([\d,]+ rows\/s\)/g, 'in <seconds>'],
  [/"exp": \d+/g, '"exp": <seconds>'],
  [/curl\/[\d.]+/g, 'curl/<version>'],
];

const masked = (output: string): string =>
  VARIABLE.reduce((result, [pattern, name]) => result.replace(pattern, name), output.trim());

describe('The README', () => {
  let app: TestApp;
  let folder: string;

  beforeAll(async () => {
    // The address of the page: a longer one would be broken over two lines of the mail.
    app = await startApp({ env: { MAIL_URL: '', ADMIN_EMAIL: 'admin@example.com', APP_URL: ADDRESS } });
    folder = await mkdtemp(join(tmpdir(), 'iam-readme-'));
    await symlink(app.config.dataDir, join(folder, 'data'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await app.stop();
  });

  /** Pastes the whole session into one bash, as a reader does, and gives what each step wrote. */
  async function paste(): Promise<string[]> {
    const script = [
      // The command of the page builds the project first, which is not what is tested here.
      `npm() { shift 4; ${process.execPath} ${compiledPath('src/cli.ts')} seed "$@" 2>&1; }`,
      ...STEPS.map((step) => `${step.script.replace(`API=${ADDRESS}`, `API=${app.url}`)}\necho '${END}'`),
    ].join('\n');
    const shell = spawn('bash', ['--norc', '-c', script], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'test',
        DATABASE_URL: app.databaseUrl,
        DATA_DIR: app.config.dataDir,
        BCRYPT_COST: '4',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: TIMEOUT_MS,
    });
    shell.stdin.end(`${ADMIN.password}\n`);
    const [output] = await Promise.all([text(shell.stdout), once(shell, 'close')]);
    return output.split(`${END}\n`);
  }

  it(
    'shows a session whose answers come true, word for word',
    async () => {
      const outputs = await paste();
      expect(STEPS.length).toBeGreaterThan(8);
      expect(STEPS.map(({ script }, step) => `${script}\n\n${masked(outputs[step] ?? '')}`)).toEqual(
        STEPS.map(({ script, shown }) => `${script}\n\n${masked(shown)}`),
      );
    },
    2 * TIMEOUT_MS,
  );

  it('links to pages that exist', () => {
    const targets = [...PAGE.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !existsSync(target))).toEqual([]);
  });

  it('names only commands of package.json', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'));
    const named = [...PAGE.matchAll(/npm (?:run (?:--silent )?)?([\w:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !NPM.has(name) && !(name in scripts))).toEqual([]);
  });
});
