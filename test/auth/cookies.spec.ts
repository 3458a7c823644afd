import cookie from '@fastify/cookie';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { Cookies, KnownDevice } from '../../src/auth/tokens/cookies.js';
import { SecretBox } from '../../src/auth/tokens/secrets.js';

type Environment = 'development' | 'test' | 'production';

const NOW = 1_800_000_000_000;
const YEAR = 365 * 24 * 3600;
const secrets = new SecretBox({ appSecrets: ['a secret of this test'] });
const ANN = { id: 'the id of Ann', version: 3 };

let server: FastifyInstance;

beforeEach(() => {
  jest.spyOn(Date, 'now').mockReturnValue(NOW);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await server.close();
});

/** A server that signs in, signs out and says whether it knows the device. */
async function serve(environment: Environment = 'production', box = secrets): Promise<KnownDevice> {
  const cookies = new Cookies({ environment, apiPrefix: '/api/v1/iam', publicPath: '' });
  const devices = new KnownDevice(box, cookies);
  server = fastify();
  await server.register(cookie);
  server.get('/in', (_, reply) => {
    cookies.set(reply, {
      accessToken: 'access',
      accessExpiresAt: NOW / 1000 + 900,
      refreshToken: 'refresh',
      refreshExpiresAt: new Date(NOW + 86_400_000),
    });
    return reply.send();
  });
  server.get('/out', (_, reply) => {
    cookies.clear(reply);
    return reply.send();
  });
  server.get<{ Params: { email: string } }>('/remember/:email', (request, reply) => {
    devices.remember(request, reply, request.params.email, ANN);
    return reply.send();
  });
  server.get<{ Params: { email: string } }>('/known/:email', (request) => ({
    mark: devices.recognize(request, request.params.email),
  }));
  return devices;
}

const setCookies = async (url: string): Promise<string[]> =>
  [(await server.inject(url)).headers['set-cookie'] ?? []].flat().sort();

/** Signs in on a device that has the given cookie, and gives the cookie that it has then. */
async function remember(email: string, device = ''): Promise<string> {
  const { cookies } = await server.inject({ url: `/remember/${email}`, headers: { cookie: `device=${device}` } });
  return cookies[0]?.value ?? '';
}

async function mark(email: string, device: string): Promise<string | null> {
  const response = await server.inject({ url: `/known/${email}`, headers: { cookie: `device=${device}` } });
  return response.json<{ mark: string | null }>().mark;
}

describe('the cookies of a session', () => {
  it('live as long as their tokens, and neither scripts nor foreign sites get at them', async () => {
    await serve();
    expect(await setCookies('/in')).toEqual([
      'auth-token=access; Max-Age=900; Path=/; HttpOnly; Secure; SameSite=Lax',
      'refresh-token=refresh; Max-Age=86400; Path=/api/v1/iam/auth; HttpOnly; Secure; SameSite=Lax',
    ]);
  });

  it('travel without TLS in development only', async () => {
    await serve('development');
    for (const text of await setCookies('/in')) expect(text).not.toContain('Secure');
    await server.close();
    await serve('test');
    for (const text of await setCookies('/in')) expect(text).toContain('Secure');
  });

  it('are taken back under the paths that they were set for', async () => {
    await serve();
    expect(await setCookies('/out')).toEqual([
      'auth-token=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
      'refresh-token=; Max-Age=0; Path=/api/v1/iam/auth; HttpOnly; Secure; SameSite=Lax',
    ]);
  });
});

describe('a device', () => {
  let devices: KnownDevice;

  beforeEach(async () => {
    devices = await serve();
  });

  it('counts as long as the account has the password of that sign-in', async () => {
    const device = await remember('ann@example.com');
    expect(devices.isCurrent(device, ANN)).toBe(true);
    expect(devices.isCurrent(device, { ...ANN, version: 4 })).toBe(false);
    expect(devices.isCurrent(device, { ...ANN, version: 2 })).toBe(false);
    expect(devices.isCurrent(device, { ...ANN, id: 'another-account' })).toBe(false);
    expect(device).not.toContain(ANN.id);
  });

  it('is still known when the secret has got a newer one beside it', async () => {
    const device = await remember('ann@example.com');
    await server.close();
    devices = await serve('production', new SecretBox({ appSecrets: ['a newer secret', 'a secret of this test'] }));
    expect(await mark('ann@example.com', device)).toBe(device);
    expect(devices.isCurrent(device, ANN)).toBe(true);
  });

  it('is recognized only for the accounts that signed in on it', async () => {
    const device = await remember('ann@example.com');
    expect(await mark('ann@example.com', device)).toBe(device);
    expect(await mark('bob@example.com', device)).toBeNull();
    expect(await mark('ann@example.com', '')).toBeNull();
  });

  it('remembers five people, the last that signed in', async () => {
    let device = '';
    for (let i = 0; i < 7; i++) device = await remember(`${i}@example.com`, device);
    for (let i = 0; i < 7; i++) expect((await mark(`${i}@example.com`, device)) !== null).toBe(i >= 2);
  });

  it('holds one mark for each person, and renews it', async () => {
    const earlier = await remember('ann@example.com');
    jest.spyOn(Date, 'now').mockReturnValue(NOW + 1000);
    const device = await remember('ann@example.com', await remember('bob@example.com', earlier));
    expect(device.split('~')).toHaveLength(2);
    expect(await mark('ann@example.com', device)).not.toBe(earlier);
  });

  it('is forgotten after a year', async () => {
    const device = await remember('ann@example.com');
    jest.spyOn(Date, 'now').mockReturnValue(NOW + (YEAR - 1) * 1000);
    expect(await mark('ann@example.com', device)).toBe(device);
    jest.spyOn(Date, 'now').mockReturnValue(NOW + YEAR * 1000);
    expect(await mark('ann@example.com', device)).toBeNull();
  });

  it('is not known by a cookie of which any character was changed', async () => {
    const device = await remember('ann@example.com');
    for (let at = 0; at < device.length; at++) {
      const changed = device.slice(0, at) + (device[at] === '1' ? '2' : '1') + device.slice(at + 1);
      expect(await mark('ann@example.com', changed)).toBeNull();
    }
  });

  it('cannot be made up from rubbish, and a long cookie costs no more than a short one', async () => {
    const device = await remember('ann@example.com');
    for (const text of ['.', '~', '1.2.3', 'a.b', '~~~~~~']) expect(await mark('ann@example.com', text)).toBeNull();
    expect(await mark('ann@example.com', `${'x.y~'.repeat(5)}${device}`)).toBeNull();
  });
});
