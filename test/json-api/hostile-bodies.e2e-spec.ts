import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf, send, type ApiResponse } from '../support/client.js';
import { account, admin } from '../support/factories.js';

/** JSON text that is nested so deep that code which calls itself for each level runs out of stack. */
const DEPTH = 100_000;
const deep = (open: string, close: string, core = '1'): string => open.repeat(DEPTH) + core + close.repeat(DEPTH);

describe('A body that is meant to break the service', () => {
  let app: TestApp;
  let root: Awaited<ReturnType<typeof admin>>;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.stop());

  const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<ApiResponse> =>
    send(app, 'POST', path, { token: root.token, body, headers });
  const bytes = async (path: string, body: Uint8Array): Promise<number> => {
    const headers = { authorization: `Bearer ${root.token}`, 'content-type': 'application/json' };
    return (await fetch(app.url + path, { method: 'POST', headers, body })).status;
  };
  const accountWith = (scope: string): string =>
    `{"data":{"type":"iam:accounts","attributes":{"name":"Deep","email":"deep@example.com","role_scope":${scope}}}}`;

  it.each([
    ['objects', deep('{"a":', '}')],
    ['lists', deep('[', ']')],
  ])('is rejected as unreadable when it is nested too deep, in %s', async (_, nested) => {
    const { id } = await account(app);
    for (const path of ['/accounts', '/organizations', '/auth/login', '/account/passwords/reset']) {
      expect([path, errorsOf(await post(path, nested))]).toEqual([path, ['400 malformed_body']]);
    }
    for (const headers of [{}, { 'idempotency-key': 'deep' }] as Record<string, string>[]) {
      expect(errorsOf(await post('/accounts', accountWith(nested), headers))).toEqual(['400 malformed_body']);
    }
    const { patch } = as(app, root.token);
    expect(errorsOf(await patch(`/accounts/${id}`, accountWith(nested)))).toEqual(['400 malformed_body']);
    expect(errorsOf(await patch('/accounts/no-such-token/join', nested))).toEqual(['400 malformed_body']);
  });

  it('may hold brackets in its texts', async () => {
    const name = '[{"\\'.repeat(40);
    const body = JSON.stringify({ data: { type: 'iam:organizations', attributes: { name } } });
    expect((await post('/organizations', body)).body.data.attributes.name).toBe(name);
  });

  it('is rejected as unreadable when it is no UTF-8: nothing is stored that was not sent', async () => {
    const [head, tail] = ['{"data":{"type":"iam:organizations","attributes":{"name":"', '"}}}'].map((s) =>
      Buffer.from(s),
    );
    const named = (...name: number[]) => Buffer.concat([head as Buffer, Buffer.from(name), tail as Buffer]);
    expect(await bytes('/organizations', named(0xc3, 0xa9))).toBe(200);
    for (const name of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
      expect([name, await bytes('/organizations', named(...name))]).toEqual([name, 400]);
    }
  });

  it.each([
    '{"data":{"type":"iam:organizations","attributes":{"name":"a\\u0000b"}}}',
    '{"data":{"type":"iam:organizations","attributes":{"name":"\\ud800"}}}',
  ])('is rejected with the pointer of the text that cannot be stored: %s', async (body) => {
    const response = await post('/organizations', body);
    expect(response.status).toBe(422);
    expect(new Set(errorsOf(response))).toEqual(new Set(['422 validation_failed /data/attributes/name']));
  });

  it.each([
    '{"__proto__":{"data":1}}',
    '{"data":{"type":"iam:organizations","attributes":{"name":"x","__proto__":{"version":9}}}}',
    '{"data":{"type":"iam:organizations","attributes":{"constructor":{"prototype":{"x":1}}}}}',
  ])('changes no prototype: %s', async (body) => {
    expect(errorsOf(await post('/organizations', body))).toEqual(['400 malformed_body']);
    expect(Object.prototype).not.toHaveProperty('x');
  });
});
