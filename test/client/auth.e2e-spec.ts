import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ConnectionError, createClient, UnauthenticatedError, type Tokens } from 'iam-client';
import { bearerSession, cookieSession, memoryStore, webStore, type ClientSession } from 'iam-client/auth';
import { ActorCache } from '../../src/auth/sessions/actor-loader.js';
import { startApp, type TestApp } from '../support/app.js';
import { account, PASSWORD } from '../support/factories.js';
import { Network } from './network.js';

const REFRESH = 'POST /auth/refresh';

/** As much of `localStorage` as the client needs. */
class Storage {
  private readonly items = new Map<string, string>();
  getItem = (key: string): string | null => this.items.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.items.set(key, value);
  removeItem = (key: string): void => void this.items.delete(key);
}

describe('A session of the client', () => {
  let app: TestApp;
  let email: string;
  let network: Network;
  let opened: ClientSession[];

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    ({ email } = await account(app));
    network = new Network();
    opened = [];
  });
  afterEach(() => opened.forEach((session) => session.close()));

  /** A client, and what happens to its session. */
  function open(session: ClientSession, fetch = network.fetch) {
    opened.push(session);
    const events: string[] = [];
    for (const event of ['signedin', 'signedout'] as const) session.on(event, () => events.push(event));
    return { iam: createClient({ url: app.url, session, fetch }), events };
  }

  const credentials = () => ({ email, password: PASSWORD });
  /** Tokens whose access token the service does not take, as after 15 minutes. */
  const expired = (tokens: Tokens | undefined): Tokens => ({ refresh_token: '', ...tokens, token: 'expired' });
  async function endSessions(): Promise<void> {
    await app.sql('DELETE FROM account_sessions');
    app.nest.get(ActorCache, { strict: false }).forgetAll();
  }

  describe('with bearer tokens', () => {
    it('is kept by a sign-in, and ended by a sign-out', async () => {
      const store = memoryStore();
      const { iam, events } = open(bearerSession(store));
      await iam.auth.login(credentials());
      expect(await iam.auth.me()).toMatchObject({ email });
      await iam.auth.logout({ others: true });
      expect(await iam.auth.me()).toMatchObject({ email });
      await iam.auth.logout();
      expect([await store.get(), events]).toEqual([undefined, ['signedin', 'signedout']]);
      await expect(iam.auth.me()).rejects.toBeInstanceOf(UnauthenticatedError);
      expect(network.count(REFRESH)).toBe(0);
    });

    it('is refreshed once for any number of requests', async () => {
      const store = memoryStore();
      const { iam, events } = open(bearerSession(store));
      await iam.auth.login(credentials());
      await store.set(expired(await store.get()));
      const all = await Promise.all(Array.from({ length: 20 }, () => iam.auth.me()));
      expect(all.map((me) => me.email)).toEqual(Array(20).fill(email));
      expect([network.count(REFRESH), network.count('GET /auth/me')]).toEqual([1, 40]);
      expect(events).toEqual(['signedin']);
    });

    it('sends a write again after the refresh, under its key', async () => {
      const store = memoryStore();
      const { iam } = open(bearerSession(store));
      await app.sql(`UPDATE accounts SET role_name = 'admin' WHERE email = $1`, [email]);
      await iam.auth.login(credentials());
      await store.set(expired(await store.get()));
      expect(await iam.organizations.create({ name: 'After the refresh' })).toMatchObject({
        name: 'After the refresh',
      });
      const keys = network.sent.flatMap(({ headers }) => headers.get('idempotency-key') ?? []);
      expect(keys).toEqual([keys[0], keys[0]]);
    });

    it('ends everywhere when a refresh is rejected, with one event', async () => {
      const store = memoryStore();
      const { iam, events } = open(bearerSession(store));
      await iam.auth.login(credentials());
      await endSessions();
      const all = await Promise.allSettled(Array.from({ length: 5 }, () => iam.auth.me()));
      expect(all.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
      expect([network.count(REFRESH), await store.get(), events]).toEqual([1, undefined, ['signedin', 'signedout']]);
    });

    it('stays when the network is away during a refresh', async () => {
      const store = memoryStore();
      const { iam, events } = open(bearerSession(store));
      await iam.auth.login(credentials());
      await store.set(expired(await store.get()));
      network.answers(401, [{ status: '401', code: 'unauthenticated', detail: 'Expired' }]);
      network.breaks().breaks().breaks();
      await expect(iam.auth.me()).rejects.toBeInstanceOf(ConnectionError);
      expect(events).toEqual(['signedin']);
      expect(await iam.auth.me()).toMatchObject({ email });
    });

    it('survives a refresh whose response is lost', async () => {
      const store = memoryStore();
      const { iam } = open(bearerSession(store));
      await iam.auth.login(credentials());
      await store.set(expired(await store.get()));
      network.answers(401, [{ status: '401', code: 'unauthenticated', detail: 'Expired' }]).losesResponse();
      expect(await iam.auth.me()).toMatchObject({ email });
      expect(network.count(REFRESH)).toBe(2);
    });

    it('does not refresh after a sign-in that failed', async () => {
      const { iam } = open(bearerSession());
      await expect(iam.auth.login({ email, password: 'wrong' })).rejects.toMatchObject({ code: 'invalid_credentials' });
      expect(network.sent).toHaveLength(1);
    });

    it('is that of all tabs with the same storage', async () => {
      const storage = new Storage();
      const [one, other] = [open(bearerSession(webStore(storage))), open(bearerSession(webStore(storage)))];
      await one.iam.auth.login(credentials());
      expect(await other.iam.auth.me()).toMatchObject({ email });
      const signedOut = new Promise<void>((resolve) => opened[1]?.on('signedout', resolve));
      await one.iam.auth.logout();
      await signedOut;
      expect(other.events).toEqual(['signedin', 'signedout']);
      await expect(other.iam.auth.me()).rejects.toBeInstanceOf(UnauthenticatedError);
    });

    it('takes the tokens that another tab has refreshed', async () => {
      const storage = new Storage();
      const store = webStore(storage);
      const [one, other] = [open(bearerSession(store)), open(bearerSession(webStore(storage)))];
      await one.iam.auth.login(credentials());
      await store.set(expired(await store.get()));
      const slow = new Network(async (input, init) => {
        const response = await fetch(input, init);
        // The other tab refreshes while this request is on its way.
        if (slow.sent.length === 1) await other.iam.auth.me();
        return response;
      });
      const { iam } = open(bearerSession(webStore(storage)), slow.fetch);
      expect(await iam.auth.me()).toMatchObject({ email });
      expect([network.count(REFRESH), slow.count(REFRESH)]).toEqual([1, 0]);
    });
  });

  describe('in cookies', () => {
    /** A browser's fetch, as far as cookies go. */
    function browser(): { fetch: typeof fetch; jar: Map<string, string> } {
      const jar = new Map<string, string>();
      return {
        jar,
        fetch: async (input, init = {}) => {
          const headers = new Headers(init.headers);
          const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
          if (init.credentials === 'include' && cookie) headers.set('cookie', cookie);
          const response = await fetch(input, { ...init, headers });
          for (const text of response.headers.getSetCookie()) {
            const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
            if (value === '') jar.delete(name);
            else jar.set(name, value);
          }
          return response;
        },
      };
    }

    it('asks for cookies, gets no tokens, and is refreshed once', async () => {
      const { fetch, jar } = browser();
      const counted = new Network(fetch);
      const { iam, events } = open(cookieSession(), counted.fetch);
      const signedIn = await iam.auth.login(credentials());
      expect(signedIn.$meta).toEqual({});
      expect([...jar.keys()]).toEqual(expect.arrayContaining(['auth-token', 'refresh-token']));
      jar.set('auth-token', 'expired');
      const all = await Promise.all(Array.from({ length: 10 }, () => iam.auth.me()));
      expect(all.map((me) => me.email)).toEqual(Array(10).fill(email));
      expect([counted.count(REFRESH), events]).toEqual([1, ['signedin']]);
      expect(JSON.stringify(counted.sent)).not.toContain('authorization');
    });

    it('ends when a refresh is rejected, until the next sign-in', async () => {
      const counted = new Network(browser().fetch);
      const { iam, events } = open(cookieSession(), counted.fetch);
      await iam.auth.login(credentials());
      await endSessions();
      for (let times = 0; times < 3; times++) await expect(iam.auth.me()).rejects.toBeInstanceOf(UnauthenticatedError);
      expect([counted.count(REFRESH), events]).toEqual([1, ['signedin', 'signedout']]);
      await iam.auth.login(credentials());
      expect(await iam.auth.me()).toMatchObject({ email });
    });

    it('is one that a page begins without knowing it', async () => {
      const { fetch, jar } = browser();
      await open(cookieSession(), fetch).iam.auth.login(credentials());
      jar.set('auth-token', 'expired');
      const { iam, events } = open(cookieSession(), fetch);
      expect(await iam.auth.me()).toMatchObject({ email });
      expect(events).toEqual([]);
    });
  });
});
