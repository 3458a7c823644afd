import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { runCli } from '../../src/cli/run.js';
import { startApp, type TestApp } from '../support/app.js';
import { databaseEnvironment } from '../support/database.js';
import { account, organization } from '../support/factories.js';
import { command } from './command-line.js';

describe('accounts export', () => {
  let app: TestApp;
  let env: Record<string, string>;
  let folder: string;

  beforeAll(async () => {
    app = await startApp();
    folder = await mkdtemp(join(tmpdir(), 'iam-export-'));
    env = { ...databaseEnvironment(app.databaseUrl), DATA_DIR: app.config.dataDir, NODE_ENV: 'test' };
  });
  afterAll(async () => {
    await app.stop();
    await rm(folder, { recursive: true });
  });

  const exported = async (...args: string[]) => {
    const { exitCode, out, err } = await command(['accounts', 'export', ...args], env);
    expect([exitCode, err]).toEqual([0, expect.stringMatching(/^Wrote [\d,]+ accounts\.\n$/)]);
    return out
      .split('\n')
      .slice(0, -1)
      .map((line): Record<string, unknown> => JSON.parse(line));
  };

  it('writes each account with its organizations, in the order of ids, and no secret', async () => {
    const [acme, bolt] = [await organization(app, 'Acme "1"\n'), await organization(app, 'Bolt')];
    const made = await account(app, {
      name: 'Zoë\u2028"\\ O’Brien',
      org: [bolt, acme],
      columns: {
        role_scope_extra: { region: ['eu'] },
        picture_url: 'https://example.com/z.png',
        locale: 'de',
        sso_channel: 'google',
        joined_at: '2026-01-02T03:04:05.678Z',
        created_at: '2026-01-01T00:00:00Z',
        updated_at: '2026-01-03T00:00:00Z',
      },
      reset: { hash: 'canary-reset', expiresAt: '2999-01-01' },
    });
    const invited = await account(app, {
      joined: false,
      enabled: false,
      invitation: { hash: 'canary', expiresAt: '2999-01-01' },
    });
    const lines = await exported();
    expect(lines).toHaveLength(3);
    expect(lines[1]).toEqual({
      id: made.id,
      kind: 'person',
      name: made.name,
      email: made.email,
      enabled: true,
      role_name: 'user',
      role_scope: { region: ['eu'] },
      picture_url: 'https://example.com/z.png',
      locale: 'de',
      sso_channel: 'google',
      joined_at: '2026-01-02T03:04:05.678Z',
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-03T00:00:00.000Z',
      organizations: [
        { id: acme, name: 'Acme "1"\n' },
        { id: bolt, name: 'Bolt' },
      ],
    });
    expect(lines[2]).toMatchObject({ id: invited.id, enabled: false, joined_at: null, organizations: [] });
    expect(JSON.stringify(lines)).not.toMatch(/canary|\$iam1|hashed_password/);
    expect(lines.map(({ id }) => id)).toEqual(lines.map(({ id }) => id).sort());
  });

  it('writes the password hashes when it is asked to', async () => {
    const made = await account(app);
    const line = (await exported('--with-password-hashes')).find(({ id }) => id === made.id);
    expect(line?.['hashed_password']).toMatch(/^\$iam1\$2b\$04\$/);
  });

  it('writes a file that only its owner reads, and no other file', async () => {
    const file = join(folder, 'accounts.ndjson');
    expect((await command(['accounts', 'export', '--output', file], env)).out).toBe('');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(
      (await readFile(file, 'utf8'))
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    ).toEqual(await exported());
    await writeFile(file, 'precious');
    const { exitCode, err } = await command(['accounts', 'export', '--output', file], env);
    expect([exitCode, err]).toEqual([1, `${file} already exists; name another file.\n`]);
    expect(await readFile(file, 'utf8')).toBe('precious');
    expect(await readdir(folder)).toEqual(['accounts.ndjson']);
    const nowhere = await command(['accounts', 'export', '--output', join(folder, 'none', 'file')], env);
    expect([nowhere.exitCode, nowhere.err]).toEqual([1, `There is no folder ${join(folder, 'none')}.\n`]);
  });

  it('ends with an error when its output is closed', async () => {
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error('write EPIPE')) });
    const [stdin, stderr] = [new PassThrough(), new PassThrough()];
    expect(await runCli(['accounts', 'export'], {}, { env: { ...env }, stdin, stdout, stderr })).toBe(1);
    expect(String(stderr.read())).toContain('EPIPE');
  });
});
