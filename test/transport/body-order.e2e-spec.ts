import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, MEDIA_TYPE, send } from '../support/client.js';
import { admin, organization } from '../support/factories.js';
import { Connection, head, open } from './sockets.js';

const MIB = 1024 * 1024;

describe('A body', () => {
  let app: TestApp;
  let root: Awaited<ReturnType<typeof admin>>;
  const connections: Connection[] = [];

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterEach(() => connections.splice(0).forEach((connection) => connection.close()));
  afterAll(() => app.stop());

  const connected = async (): Promise<Connection> => {
    const connection = await open(app);
    connections.push(connection);
    return connection;
  };
  const bearer = () => ({ authorization: `Bearer ${root.token}` });

  it.each<[string, Record<string, string | number>]>([
    ['a JSON body of 1 MiB', { 'content-type': MEDIA_TYPE, 'content-length': MIB }],
    ['a body of another media type', { 'content-type': 'text/plain', 'content-length': 9 }],
    ['a body of a media type that is none', { 'content-type': 'application/json;;=', 'content-length': 9 }],
    ['a body without a media type', { 'content-length': 9 }],
    ['a body that is too large', { 'content-type': MEDIA_TYPE, 'content-length': 10 * MIB }],
    ['a body in chunks', { 'content-type': MEDIA_TYPE, 'transfer-encoding': 'chunked' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded', 'content-length': 9 }],
  ])('without a credential is not waited for where a route needs one: %s', async (_what, headers) => {
    for (const line of [
      'POST /accounts',
      'PATCH /accounts/x',
      'DELETE /organizations/x',
      'POST /account/passwords/change',
    ]) {
      for (const credentials of [{}, { authorization: 'Bearer rubbish' }] as Record<string, string>[]) {
        const connection = await connected();
        connection.write(head(line, { ...headers, ...credentials }));
        expect([line, await connection.responses()]).toEqual([line, [401]]);
        expect(connection.received).toContain('"code":"unauthenticated"');
      }
    }
  });

  it('without a credential is not read, however malformed', async () => {
    for (const body of ['{', '\xff', '[]', '"'.repeat(MIB), '['.repeat(100_000)]) {
      expect(errorsOf(await send(app, 'POST', '/accounts', { body }))).toEqual(['401 unauthenticated Authorization']);
    }
    const text = await send(app, 'POST', '/accounts', { body: 'x', headers: { 'content-type': 'text/plain' } });
    expect(errorsOf(text)).toEqual(['401 unauthenticated Authorization']);
  });

  it('that is large does not keep a client from its 401: by fetch, by node:http, and again on the same connection', async () => {
    const body = 'x'.repeat(5 * MIB);
    for (let n = 0; n < 3; n++) {
      expect(errorsOf(await send(app, 'POST', '/accounts', { body }))).toEqual(['401 unauthenticated Authorization']);
    }
    const status = await new Promise((resolve, reject) => {
      const sent = request(`${app.url}/accounts`, { method: 'POST', headers: { 'content-type': MEDIA_TYPE } });
      sent.on('response', (response) => void json(response).then(() => resolve(response.statusCode), reject));
      sent.on('error', reject);
      sent.end(body);
    });
    expect(status).toBe(401);
  });

  it('that was not read does not spoil the next request on its connection', async () => {
    const connection = await connected();
    connection.write(head('POST /accounts', { 'content-type': MEDIA_TYPE, 'content-length': MIB }));
    expect(await connection.responses()).toEqual([401]);
    connection.write('x'.repeat(MIB)).write(head('GET /health/live'));
    expect(await connection.responses(2)).toEqual([401, 200]);
  });

  it('that was not read leaves no listener behind on a connection that is kept', async () => {
    const warnings: string[] = [];
    const listen = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', listen);
    try {
      const connection = await connected();
      for (let sent = 1; sent <= 15; sent++) {
        connection.write(head('POST /accounts', { 'content-type': MEDIA_TYPE, 'content-length': 2 }));
        expect(await connection.responses(sent)).toEqual(Array<number>(sent).fill(401));
        connection.write('{}');
      }
    } finally {
      process.off('warning', listen);
    }
    expect(warnings).toEqual([]);
  });

  it('is asked for only when it is wanted, where the client asks first (Expect: 100-continue)', async () => {
    const expecting = { 'content-type': MEDIA_TYPE, 'content-length': 2, expect: '100-continue' };
    const unknown = await connected();
    unknown.write(head('POST /organizations', expecting));
    expect(await unknown.responses()).toEqual([401]);
    const large = await connected();
    large.write(head('POST /organizations', { ...expecting, ...bearer(), 'content-length': 2 * MIB }));
    expect(await large.responses()).toEqual([413]);

    const known = await connected();
    known.write(head('POST /organizations', { ...expecting, ...bearer() }));
    expect(await known.responses()).toEqual([100]);
    known.write('{}');
    expect(await known.responses(2)).toEqual([100, 400]);
  });

  it('with a credential is validated before the right, the parameters and the row', async () => {
    const path = `/organizations/${await organization(app)}?x=1`;
    const headers = { 'content-type': 'text/plain' };
    expect(errorsOf(await send(app, 'PATCH', path, { ...root, body: '{' }))).toEqual(['400 malformed_body']);
    expect(errorsOf(await send(app, 'PATCH', path, { ...root, body: '{', headers }))).toEqual([
      '415 unsupported_media_type',
    ]);
    const large = await send(app, 'PATCH', path, { ...root, body: 'x'.repeat(MIB + 1) });
    expect(errorsOf(large)).toEqual(['413 payload_too_large']);
    const [first] = errorsOf(await send(app, 'PATCH', path, { ...root, body: '{}' }));
    expect(first).toBe('400 invalid_parameter x');
  });

  it('is validated before the site that it comes from, where the cookie is good', async () => {
    const headers = { cookie: `auth-token=${root.token}`, origin: 'https://evil.example.com' };
    expect(errorsOf(await send(app, 'POST', '/organizations', { headers, body: '{' }))).toEqual(['400 malformed_body']);
    const fine = document('iam:organizations', { name: 'x' });
    expect(errorsOf(await send(app, 'POST', '/organizations', { headers, body: fine }))).toEqual([
      '403 forbidden Origin',
    ]);
  });

  it('of a read is ignored', async () => {
    const connection = await connected();
    connection.write(head('GET /health/live', { 'content-type': MEDIA_TYPE, 'content-length': 5 }));
    expect(await connection.responses()).toEqual([200]);
    connection.write('{"a":').write(head('GET /health/live'));
    expect(await connection.responses(2)).toEqual([200, 200]);
  });
});
