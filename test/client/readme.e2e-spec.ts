import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { ADMIN } from '../support/environment.js';
import { account, signIn } from '../support/factories.js';
import { check } from './type-program.js';

const FILE = 'packages/client/README.md';
const PAGE = readFileSync(FILE, 'utf8');
/** Where the page says that the service is. */
const ADDRESS = 'http://localhost:3000';

const BLOCKS = [...PAGE.matchAll(/```ts\n(.*?)```/gs)].map(([, block = '']) => block);
/** What the page says that is printed. */
const PRINTED = BLOCKS.join('\n')
  .split('\n')
  .flatMap((line) => /\/\/ → (.*)$/.exec(line)?.[1] ?? []);

/** All blocks as one program: imports first, and what the reader has as parameters. */
function program(from: string): string {
  const lines = BLOCKS.join('\n').split('\n');
  const imports = lines.filter((line) => line.startsWith('import '));
  const rest = lines.filter((line) => !line.startsWith('import '));
  return `${imports.join('\n').replaceAll(`'iam-client`, `'${from}`)}
export async function run(password: string, tokenOfMail: (email: string) => Promise<string>, accessToken: string, console: { log(...values: unknown[]): void }) {
${rest.join('\n')}
void ConnectionError; void signIn; void addPasskey; void signInWithPasskey;
}
`;
}

describe('The page of the client', () => {
  // Below the project, where the packages are found.
  const file = join(import.meta.dirname, '../../.cache/client-readme/session.ts');
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ env: { ADMIN_EMAIL: 'admin@example.com', ACCESS_TOKEN_CLAIMS: 'rights' } });
    for (const [at, name] of ['Zhang', 'Abebe', 'Kowalski', 'Smith', 'Sato'].entries()) {
      await account(app, { name: `Zoë ${name}`, columns: { created_at: `2025-01-0${at + 1}T12:00:00Z` } });
    }
  });
  afterAll(async () => {
    rmSync(dirname(file), { recursive: true, force: true });
    await app.stop();
  });

  /** The token of the mail to an address. */
  async function tokenOfMail(email: string): Promise<string> {
    for (let count = 1; ; count++) {
      const mail = (await app.mails.waitFor(count)).find(({ recipients }) => recipients.includes(email));
      if (mail) return /token=([\w-]+)/.exec(mail.parsed.text ?? '')?.[1] ?? '';
    }
  }

  it('shows a session that comes true, line by line', async () => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, program('iam-client').replaceAll(ADDRESS, app.url));
    const { run } = (await import(pathToFileURL(file).href)) as {
      run(...args: [string, typeof tokenOfMail, string, { log(...values: unknown[]): void }]): Promise<void>;
    };
    const printed: string[] = [];
    const log = (...values: unknown[]): void => {
      printed.push(values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' '));
    };
    const credentials = { email: 'admin@example.com', password: ADMIN.password };
    const { token } = await signIn(app, credentials);
    await run(ADMIN.password, tokenOfMail, token, { log });
    expect(PRINTED.length).toBeGreaterThan(20);
    expect(printed).toEqual(PRINTED);
  });

  it('has no type that is wrong', () => {
    const source = program('iam-client')
      .replace(/'iam-client\/(\w+)'/g, `'./$1.js'`)
      .replaceAll(`'iam-client'`, `'./index.js'`);
    expect(check({ 'readme.ts': source }).errors).toEqual([]);
  });

  it('links to files that exist', () => {
    const targets = [...PAGE.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => target);
    expect(targets.length).toBeGreaterThan(5);
    expect(targets.filter((target) => !existsSync(join(dirname(FILE), target)))).toEqual([]);
  });
});
