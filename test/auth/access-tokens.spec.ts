import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import { AccessTokens } from '../../src/auth/tokens/access-tokens.js';
import { SigningKeys } from '../../src/auth/tokens/signing-keys.js';

const ISSUER = 'https://iam.example.com';
const SETTINGS: ConstructorParameters<typeof AccessTokens>[0] = {
  jwtIssuer: ISSUER,
  jwtAudience: 'iam',
  appUrl: null,
  host: '127.0.0.1',
  port: 3000,
  accessTokenSeconds: 900,
  accessTokenClaims: [],
};
const SUBJECT = {
  accountId: '0197a1f0-0000-7000-8000-000000000001',
  sessionId: '0197a1f0-0000-7000-8000-000000000002',
  amr: ['pwd'],
  authenticatedAt: new Date('2026-11-27T10:30:00.700Z'),
  roleName: 'org_owner',
  roleScope: { org: ['0197a1f0-0000-7000-8000-000000000003'] },
  rights: ['iam:accounts.read.own'],
  email: 'jane@example.com',
  name: 'Jane Doe',
};

const p256 = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const ed25519 = (): KeyObject => generateKeyPairSync('ed25519').privateKey;
const pem = (...keys: KeyObject[]): string => keys.map((key) => key.export({ type: 'pkcs8', format: 'pem' })).join('');
const keysOf = (...keys: KeyObject[]): SigningKeys => new SigningKeys({ jwtPrivateKey: pem(...keys) });

const privateKey = p256();
const keys = keysOf(privateKey);
const tokens = new AccessTokens(SETTINGS, keys);

/** A token that is right in everything but what the test changes. */
function forge(
  change: { header?: Record<string, unknown>; claims?: Record<string, unknown>; key?: KeyObject } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ISSUER,
    aud: SETTINGS.jwtAudience,
    sub: SUBJECT.accountId,
    sid: SUBJECT.sessionId,
    jti: 'any',
    iat: now,
    exp: now + 60,
    ...change.claims,
  };
  const header = { alg: 'ES256', kid: keys.current.kid, typ: 'at+jwt', ...change.header };
  return new SignJWT(claims).setProtectedHeader(header).sign(change.key ?? privateKey);
}

/** Header and payload as they are given, signed with ES256 whatever the header claims. */
function sealed(header: object, payload: object): string {
  const data = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(data), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${data}.${signature.toString('base64url')}`;
}

afterEach(() => {
  jest.useRealTimers();
});

describe('an access token', () => {
  it('carries exactly the claims of the contract', async () => {
    const { token, exp } = tokens.issue(SUBJECT);
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys: [...keys.jwks.keys] }));
    expect(protectedHeader).toEqual({ alg: 'ES256', kid: keys.current.kid, typ: 'at+jwt' });
    expect(payload).toEqual({
      iss: ISSUER,
      aud: 'iam',
      sub: SUBJECT.accountId,
      sid: SUBJECT.sessionId,
      amr: ['pwd'],
      auth_time: 1_795_775_400,
      jti: expect.any(String),
      role_name: 'org_owner',
      role_scope: SUBJECT.roleScope,
      iat: exp - 900,
      exp,
    });
  });

  it('leaves role_scope out above 2 KiB', async () => {
    const scopeOf = (bytes: number) => ({ org: ['x'.repeat(bytes - '{"org":[""]}'.length)] });
    const claimsFor = async (bytes: number) => {
      const { token } = tokens.issue({ ...SUBJECT, roleScope: scopeOf(bytes) });
      return (await jwtVerify(token, keys.current.publicKey)).payload;
    };
    expect(await claimsFor(2048)).toHaveProperty('role_scope');
    expect(await claimsFor(2049)).not.toHaveProperty('role_scope');
  });

  describe('with ACCESS_TOKEN_CLAIMS', () => {
    const claimsOf = async (change: Partial<typeof SUBJECT> = {}, accessTokenClaims = ALL) => {
      const { token } = new AccessTokens({ ...SETTINGS, accessTokenClaims }, keys).issue({ ...SUBJECT, ...change });
      const { payload } = await jwtVerify(token, keys.current.publicKey);
      return { token, payload };
    };
    const ALL: (typeof SETTINGS)['accessTokenClaims'] = ['name', 'email', 'rights'];
    const ofBytes = (bytes: number) => ['x'.repeat(bytes - '[""]'.length)];

    it('carries those that it names', async () => {
      const { rights, email, name } = SUBJECT;
      expect((await claimsOf()).payload).toMatchObject({ rights, email, name });
      const { payload } = await claimsOf({}, ['email']);
      expect([payload['email'], payload['rights'], payload['name']]).toEqual([email, undefined, undefined]);
    });

    it('leaves rights out above 2 KiB', async () => {
      expect((await claimsOf({ rights: ofBytes(2048) })).payload).toHaveProperty('rights');
      const { payload } = await claimsOf({ rights: ofBytes(2049) });
      expect(payload).not.toHaveProperty('rights');
      expect(payload).toHaveProperty('email');
    });

    it('fits into a cookie whatever they hold', async () => {
      const worst = { roleScope: { org: ofBytes(2040) }, rights: ofBytes(2048), email: `${'é'.repeat(200)}@a.b` };
      const { token, payload } = await claimsOf({ ...worst, name: '𝒥'.repeat(200) });
      expect(token.length).toBeLessThan(4096 - 'auth-token='.length);
      expect(payload).toHaveProperty('role_scope');
      expect(payload).not.toHaveProperty('rights');
    });
  });

  it('is verified, also a second time from memory', async () => {
    const { token, exp } = tokens.issue(SUBJECT);
    const expected = { sub: SUBJECT.accountId, sid: SUBJECT.sessionId, exp };
    expect(await tokens.verify(token)).toEqual(expected);
    expect(await tokens.verify(token)).toEqual(expected);
  });

  it.each(['fresh', 'remembered'])('expires to the second when it is %s', async (kind) => {
    jest.useFakeTimers({ now: 1_800_000_000_000, doNotFake: ['nextTick', 'setImmediate'] });
    const { token, exp } = tokens.issue(SUBJECT);
    jest.setSystemTime((exp - 1) * 1000);
    if (kind === 'remembered') expect(await tokens.verify(token)).not.toBeNull();
    jest.setSystemTime(exp * 1000);
    expect(await tokens.verify(token)).toBeNull();
    expect(await tokens.verify(token)).toBeNull();
  });

  it('takes its issuer from JWT_ISSUER, else APP_URL, else its own address', () => {
    const issuerOf = (change: { jwtIssuer?: string; appUrl?: string }): string =>
      new AccessTokens({ ...SETTINGS, jwtIssuer: null, ...change }, keys).issuer;
    expect(issuerOf({ jwtIssuer: 'https://issuer', appUrl: 'https://app' })).toBe('https://issuer');
    expect(issuerOf({ appUrl: 'https://app' })).toBe('https://app');
    expect(issuerOf({})).toBe('http://localhost:3000');
  });
});

describe('a forged access token', () => {
  it('would pass if nothing were wrong with it', async () => {
    expect(await tokens.verify(await forge())).not.toBeNull();
  });

  it.each([
    ['another type', { header: { typ: 'JWT' } }],
    ['no type', { header: { typ: undefined } }],
    ['another issuer', { claims: { iss: 'https://evil.example.com' } }],
    ['another audience', { claims: { aud: 'other' } }],
    ['no audience', { claims: { aud: undefined } }],
    ['an expiry in the past', { claims: { exp: Math.floor(Date.now() / 1000) - 1 } }],
    ['no expiry', { claims: { exp: undefined } }],
    ['no id of its own', { claims: { jti: undefined } }],
    ['no time of issue', { claims: { iat: undefined } }],
    ['no session', { claims: { sid: undefined } }],
    ['a session that is no id', { claims: { sid: "'; DROP TABLE accounts; --" } }],
    ['a subject that is no id', { claims: { sub: 'admin' } }],
    ['a start in the future', { claims: { nbf: Math.floor(Date.now() / 1000) + 60 } }],
    ['no key id', { header: { kid: undefined } }],
    ['the key id of an unknown key', { header: { kid: 'nope' } }],
    ['another key under our key id', { key: p256() }],
    ['another kind of key under our key id', { header: { alg: 'EdDSA' }, key: ed25519() }],
  ])('with %s is rejected', async (_, change) => {
    expect(await tokens.verify(await forge(change))).toBeNull();
  });

  it('without a signature is rejected', async () => {
    const { token } = tokens.issue(SUBJECT);
    const [header, payload] = token.split('.');
    const unsecured = new UnsecuredJWT({ sid: SUBJECT.sessionId })
      .setSubject(SUBJECT.accountId)
      .setIssuer(ISSUER)
      .setAudience('iam')
      .setJti('any')
      .setIssuedAt()
      .setExpirationTime('1m')
      .encode();
    expect(await tokens.verify(unsecured)).toBeNull();
    expect(await tokens.verify(`${header}.${payload}.`)).toBeNull();
  });

  it('whose header claims none, HS256 or a critical extension is rejected although the signature fits', async () => {
    const [, payload = ''] = (await forge()).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const header = { alg: 'ES256', kid: keys.current.kid, typ: 'at+jwt' };
    expect(await tokens.verify(sealed(header, claims))).not.toBeNull();
    expect(await tokens.verify(sealed({ ...header, alg: 'none' }, claims))).toBeNull();
    expect(await tokens.verify(sealed({ ...header, alg: 'HS256' }, claims))).toBeNull();
    expect(await tokens.verify(sealed({ ...header, crit: ['x'], x: 1 }, claims))).toBeNull();
  });

  it('that uses the public key as an HMAC secret is rejected', async () => {
    const data = (await forge()).split('.').slice(1, 2);
    const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: keys.current.kid, typ: 'at+jwt' }));
    const signed = `${header.toString('base64url')}.${data}`;
    const secret = keys.current.publicKey.export({ type: 'spki', format: 'pem' });
    const mac = createHmac('sha256', secret).update(signed).digest('base64url');
    expect(await tokens.verify(`${signed}.${mac}`)).toBeNull();
  });

  it('with any changed character is rejected', async () => {
    const { token } = tokens.issue(SUBJECT);
    // The last character of a signature carries unused bits; the same signature in other letters is no other token.
    for (let at = 0; at < token.length - 1; at++) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
      expect(await tokens.verify(changed)).toBeNull();
    }
  });

  it.each(['', '.', '..', 'a.b.c', 'Bearer', '\0', '💥', 'x'.repeat(100_000)])(
    'of arbitrary text is rejected',
    async (text) => {
      expect(await tokens.verify(text)).toBeNull();
    },
  );
});

describe('signing keys', () => {
  it('rotate: the newest signs, tokens of the older stay good', async () => {
    const newer = ed25519();
    const { token } = tokens.issue(SUBJECT);
    const rotated = new AccessTokens(SETTINGS, keysOf(newer, privateKey));
    expect(await rotated.verify(token)).not.toBeNull();
    const fresh = rotated.issue(SUBJECT);
    expect(decodeProtectedHeader(fresh.token)).toEqual({ alg: 'EdDSA', kid: keysOf(newer).current.kid, typ: 'at+jwt' });
    expect(await rotated.verify(fresh.token)).not.toBeNull();
    expect(await tokens.verify(fresh.token)).toBeNull();
  });

  it('come as a private JWKS too, under the same names', () => {
    const newer = ed25519();
    const jwks = { keys: [newer, privateKey].map((key) => key.export({ format: 'jwk' })) };
    expect(new SigningKeys({ jwtPrivateKey: JSON.stringify(jwks) }).jwks).toEqual(keysOf(newer, privateKey).jwks);
  });

  it('are published without their private part', () => {
    const { keys: published } = keysOf(ed25519(), privateKey).jwks;
    expect(published.map((key) => Object.keys(key).sort().join())).toEqual([
      'alg,crv,kid,kty,use,x',
      'alg,crv,kid,kty,use,x,y',
    ]);
  });

  it('are found under their own algorithm only', () => {
    const { kid } = keys.current;
    expect(keys.find(kid, 'ES256')).toBe(keys.current);
    for (const alg of ['EdDSA', 'HS256', 'none', undefined]) expect(keys.find(kid, alg)).toBeNull();
    expect(keys.find(undefined, 'ES256')).toBeNull();
  });

  it('are named by their thumbprint (the example of RFC 8037, appendix A.3)', () => {
    const jwk = {
      kty: 'OKP',
      crv: 'Ed25519',
      d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    };
    const { current } = new SigningKeys({ jwtPrivateKey: JSON.stringify({ keys: [jwk] }) });
    expect(current.kid).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it.each([
    ['RSA', pem(privateKey, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey), 'key 2'],
    ['a curve other than P-256', pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey), 'key 1'],
    ['X25519', pem(generateKeyPairSync('x25519').privateKey), 'key 1'],
    ['a symmetric key', JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }), 'key 1'],
    ['a public key', JSON.stringify(keys.jwks), 'key 1'],
    ['no key', '', 'no key'],
    ['an empty JWKS', '{"keys":[]}', 'no key'],
    ['broken JSON', '{"keys":[{"d":"secret"', 'neither PEM nor a JWKS'],
  ])('reject %s without quoting it', (_, jwtPrivateKey, message) => {
    expect(() => new SigningKeys({ jwtPrivateKey })).toThrow(message);
    expect(() => new SigningKeys({ jwtPrivateKey })).not.toThrow('secret');
  });
});
