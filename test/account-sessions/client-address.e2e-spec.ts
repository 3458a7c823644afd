import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';
import { account } from '../support/factories.js';

/** The address that a session remembers, after a sign-in with these headers. */
async function addressOf(app: TestApp, headers: Record<string, string>): Promise<string> {
  const { email, password } = await account(app);
  const { body } = await send(app, 'POST', '/auth/login', { body: { email, password }, headers });
  const sessions = await send(app, 'GET', '/account_sessions', { token: body.meta.token });
  return sessions.body.data[0].attributes.ip;
}

const PEER = '127.0.0.1';
const OTHERS = {
  forwarded: 'for=203.0.113.9',
  'x-real-ip': '203.0.113.9',
  'x-client-ip': '203.0.113.9',
  'true-client-ip': '203.0.113.9',
};
const FORGED = { ...OTHERS, 'x-forwarded-for': '203.0.113.9' };

describe('The address of a session', () => {
  let plain: TestApp;
  let proxied: TestApp;

  beforeAll(async () => {
    plain = await startApp();
    proxied = await startApp({ beside: plain, env: { TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' } });
  });
  afterAll(async () => {
    await proxied.stop();
    await plain.stop();
  });

  it('is the peer, whatever headers say, when no proxy is trusted', async () => {
    expect(await addressOf(plain, FORGED)).toBe(PEER);
  });

  it('is the peer when the trusted proxies are others', async () => {
    const other = await startApp({ beside: plain, env: { TRUSTED_PROXIES: '10.0.0.0/8' } });
    try {
      expect(await addressOf(other, FORGED)).toBe(PEER);
    } finally {
      await other.stop();
    }
  });

  it.each([
    ['what the trusted proxy says', '198.51.100.7', '198.51.100.7'],
    ['the last one that no trusted proxy is', '203.0.113.9, 198.51.100.7, 10.1.2.3', '198.51.100.7'],
    ['not what the client made up in front', '1.1.1.1, 198.51.100.7', '198.51.100.7'],
    ['an IPv6 address in its canonical form', '2001:DB8:0:0::0:1', '2001:db8::1'],
    ['an IPv4 address without the port behind it', '198.51.100.7:4711', '198.51.100.7'],
    ['an IPv6 address without brackets and port', '[2001:db8::1]:4711', '2001:db8::1'],
    ['an IPv4 address that came mapped', '::ffff:198.51.100.7', '198.51.100.7'],
  ])('is %s', async (_, forwarded, expected) => {
    expect(await addressOf(proxied, { 'x-forwarded-for': forwarded })).toBe(expected);
  });

  it.each([
    'unknown',
    'rubbish',
    '',
    ',',
    '999.1.1.1',
    '198.51.100.7:port',
    "'; DROP TABLE accounts; --",
    '198.51.100.7, x',
  ])('is the peer when the trusted proxy passes on %j', async (forwarded) => {
    expect(await addressOf(proxied, { 'x-forwarded-for': forwarded })).toBe(PEER);
  });

  it('is never taken from other headers', async () => {
    expect(await addressOf(proxied, OTHERS)).toBe(PEER);
  });
});
