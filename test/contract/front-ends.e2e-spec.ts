import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf, ids, send, type ApiResponse } from '../support/client.js';
import { PASSWORD } from '../support/factories.js';
import { ADMIN, APP_URL } from '../support/environment.js';
import { filledIn, type Names, RECORDED, recordedWorld } from './recorded.js';

const PREFIX = '/api/v1/iam';

const cookiesOf = ({ headers }: ApiResponse): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ');

/** Requests of front ends that were written against the reference, with cookies and behind a prefix. */
describe('A front end that exists already sends', () => {
  let app: TestApp;
  let cookie: string;
  /** What the words in braces stand for. */
  let names: Names;

  const signIn = async (email: string): Promise<string> =>
    cookiesOf(await send(app, 'POST', `${PREFIX}/auth/login`, { body: { email, password: PASSWORD, cookie: true } }));

  beforeAll(async () => {
    app = await startApp({ env: { API_PREFIX: PREFIX } });
    cookie = await signIn(ADMIN.email);
  });
  afterAll(() => app.stop());

  beforeEach(async () => {
    names = await recordedWorld(app);
  });

  it.each(RECORDED)('$name', async ({ as, exchanges }) => {
    const person =
      as && (await app.sql<{ email: string }>('SELECT email FROM accounts WHERE id = $1', [filledIn(as, names)]))[0];
    const cookies = person ? await signIn(person.email) : cookie;
    for (const { request, response } of filledIn(exchanges, names)) {
      const headers = {
        accept: '*/*',
        cookie: cookies,
        origin: APP_URL,
        ...(request.body !== undefined && { 'content-type': 'application/json' }),
        ...request.headers,
      };
      const got = await send(app, request.method, PREFIX + request.path, { headers, body: request.body });
      expect([request.path, got.status, errorsOf(got)]).toEqual([request.path, response.status, response.errors ?? []]);
      if (response.ids) expect(ids(got)).toEqual(response.ids);
      if (response.body) expect(got.body).toMatchObject(response.body);
      else if (response.status === 204) expect(got.text).toBe('');
      const shown = response.names ? [got.body.data].flat() : [];
      for (const { attributes } of shown) expect(Object.keys(attributes).sort()).toEqual(response.names?.toSorted());
    }
  });
});
