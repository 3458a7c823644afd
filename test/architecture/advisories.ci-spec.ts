import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';

const PROJECT = join(import.meta.dirname, '../..');
const { name, version } = createRequire(import.meta.url)('bcrypt/package.json');
const PACKAGE = { name, 'dist-tags': { latest: version }, versions: { [version]: { name, version } } };

let registry: Server | undefined;

afterEach(() => void registry?.close());

/** Runs the check against a registry that answers so to every question, and gives its exit code and what it said. */
async function check(status: number, answer: unknown): Promise<{ code: number; said: string }> {
  registry = createServer(({ method }, response) => {
    // npm asks for the advisories, and then for the package that one is about.
    const [code, body] = method === 'POST' ? [status, answer] : [200, PACKAGE];
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => registry?.listen(0, '127.0.0.1', resolve));
  const address = registry.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
  const env = { ...process.env, NODE_OPTIONS: '', npm_config_registry: url, npm_config_fetch_retries: '0' };
  return new Promise((resolve) => {
    execFile(process.execPath, ['.ci/advisories.js'], { cwd: PROJECT, env }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), said: stdout + stderr });
    });
  });
}

const advisory = (severity: string) => ({
  bcrypt: [
    {
      id: randomInt(2 ** 40),
      url: 'https://example.com/1',
      title: 'A flaw',
      severity,
      vulnerable_versions: '*',
      cwe: [],
      cvss: {},
    },
  ],
});

it('CI fails when a production dependency has a known vulnerability of high severity, and names it', async () => {
  const { code, said } = await check(200, advisory('high'));
  expect(said).toMatch(/^bcrypt \*: high$/m);
  expect(code).toBe(1);
});

it('CI passes with low severities, and with a registry without advisories', async () => {
  expect(await check(200, advisory('low'))).toMatchObject({
    code: 0,
    said: expect.stringMatching(/dependencies: 0\n/),
  });
});

it('CI says when the registry serves no advisories', async () => {
  expect(await check(405, {})).toEqual({ code: 0, said: expect.stringMatching(/were not checked/) });
});
