import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, decodeProtectedHeader, exportJWK, jwtVerify } from 'jose';
import { createPrivateKey } from 'node:crypto';
import { rotateKeysIn } from '../../src/config/signing-keys.js';
import { generateSigningKey } from '../../src/config/signing-keys.js';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';
import { APP_URL } from '../support/environment.js';
import { account, signIn } from '../support/factories.js';
import { command } from './command-line.js';

describe('Rotated keys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'iam-keys-'));
  const file = join(folder, 'keys.pem');
  let before: TestApp;

  beforeAll(async () => {
    writeFileSync(file, generateSigningKey());
    before = await startApp({ env: { JWT_PRIVATE_KEY: '', JWT_PRIVATE_KEY_FILE: file } });
  });
  afterAll(async () => {
    await before.stop();
    rmSync(folder, { recursive: true });
  });

  const kidOf = (token: string) => decodeProtectedHeader(token).kid;
  const status = async (app: TestApp, token: string) => (await send(app, 'GET', '/auth/me', { token })).status;

  it('end no session: the new one signs, the old one verifies, until it is rotated away as well', async () => {
    const user = await account(before);
    const old = await signIn(before, user);
    rotateKeysIn(file, 2);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const after = await startApp({ beside: before, env: { JWT_PRIVATE_KEY: '', JWT_PRIVATE_KEY_FILE: file } });
    const fresh = await signIn(after, user);
    expect(kidOf(fresh.token)).not.toBe(kidOf(old.token));
    expect([await status(after, old.token), await status(after, fresh.token)]).toEqual([200, 200]);
    const keys = createRemoteJWKSet(new URL(`${after.url}/.well-known/jwks.json`));
    for (const { token } of [old, fresh]) {
      await expect(jwtVerify(token, keys, { issuer: APP_URL, audience: 'iam', typ: 'at+jwt' })).resolves.toBeDefined();
    }
    const refreshed = await send(after, 'POST', '/auth/refresh', { body: { refresh_token: old.refreshToken } });
    expect(kidOf(refreshed.body.meta.token)).toBe(kidOf(fresh.token));
    await after.stop();
    rotateKeysIn(file, 2);
    const later = await startApp({ beside: before, env: { JWT_PRIVATE_KEY: '', JWT_PRIVATE_KEY_FILE: file } });
    expect([await status(later, old.token), await status(later, fresh.token)]).toEqual([401, 200]);
    await later.stop();
  });

  it('may be a JWKS, and what holds no keys is left alone', async () => {
    const set = join(folder, 'keys.json');
    writeFileSync(set, JSON.stringify({ keys: [await exportJWK(createPrivateKey(generateSigningKey()))] }));
    rotateKeysIn(set, 2);
    const app = await startApp({ env: { JWT_PRIVATE_KEY: '', JWT_PRIVATE_KEY_FILE: set } });
    expect((await send(app, 'GET', '/.well-known/jwks.json')).body.keys).toHaveLength(2);
    await app.stop();
    writeFileSync(set, 'garbage');
    expect(() => rotateKeysIn(set, 2)).toThrow('must be a PKCS 8 PEM private key or a private JWKS');
  });

  it.each([[['keys', 'rotate']], [['keys-rotate']]])('come with the command %j', async (words) => {
    const keys = join(folder, 'command.pem');
    writeFileSync(keys, generateSigningKey());
    const env = { DATA_DIR: folder, NODE_ENV: 'test' };
    const { exitCode, out, err } = await command([...words, '--file', keys], env);
    expect([exitCode, out, err]).toEqual([0, `A new key is first in ${keys}. Restart every instance.\n`, '']);
    expect(readFileSync(keys, 'utf8').match(/BEGIN PRIVATE KEY/g)).toHaveLength(2);
  });
});
