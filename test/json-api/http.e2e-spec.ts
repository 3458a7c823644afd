import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, MEDIA_TYPE, send } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';

const UNKNOWN = '0197a1f0-0000-7000-8000-000000000000';

describe('Over HTTP, the service', () => {
  let app: TestApp;
  let root: Awaited<ReturnType<typeof admin>>;

  beforeAll(async () => {
    app = await startApp();
  });
  beforeEach(async () => {
    root = await admin(app);
  });
  afterAll(() => app.stop());

  describe('negotiates content', () => {
    it.each([
      ['application/vnd.api+json', 200],
      ['application/vnd.api+json; profile="https://example.com/p"', 200],
      ['application/vnd.api+json;charset=utf-8', 415],
      ['application/vnd.api+json; ext="https://jsonapi.org/ext/atomic"', 415],
      ['Application/VND.api+json', 200],
      ['application/json', 200],
      ['application/json; charset=utf-8', 200],
      ['text/plain', 415],
      ['application/x-www-form-urlencoded', 415],
      ['multipart/form-data; boundary=x', 415],
    ])('Content-Type %s → %i', async (type, status) => {
      const body = document('iam:organizations', { name: 'Acme' });
      const response = await root.post('/organizations', body, { 'content-type': type });
      expect(response.status).toBe(status);
      if (status === 415) expect(errorsOf(response)[0]).toMatch(/^415 unsupported_media_type/);
    });

    it.each([
      [undefined, 200],
      ['*/*', 200],
      ['text/html', 200],
      ['application/vnd.api+json', 200],
      ['application/vnd.api+json; q=0.5', 200],
      ['application/vnd.api+json; profile="https://example.com/a,b"', 200],
      ['application/vnd.api+json; ext="x"', 406],
      ['application/vnd.api+json; charset=utf-8', 406],
      ['application/vnd.api+json; ext="x", application/vnd.api+json', 200],
      ['application/vnd.api+json; ext="x", application/json', 406],
    ])('Accept %s → %i', async (accept, status) => {
      const response = await root.get('/organizations', accept === undefined ? {} : { accept });
      expect(response.status).toBe(status);
      if (status === 406) expect(errorsOf(response)).toEqual(['406 not_acceptable Accept']);
    });

    it('rejects a body without a Content-Type, and wants none where there is no body', async () => {
      const bytes = new Blob([JSON.stringify(document('iam:organizations', { name: 'x' }))]);
      const headers = { authorization: `Bearer ${root.token}` };
      const response = await fetch(`${app.url}/organizations`, {
        method: 'POST',
        headers,
        body: await bytes.arrayBuffer(),
      });
      expect(response.status).toBe(415);
      const invited = await account(app, { joined: false });
      expect((await root.post(`/accounts/${invited.id}/resend_invitation`)).status).toBe(204);
    });

    it('sends its media type without a charset, and Vary: Accept, also with errors', async () => {
      for (const path of ['/accounts', '/auth/me', '/nope', '/accounts?x=1']) {
        const { headers } = await root.get(path);
        expect([path, headers.get('content-type')]).toEqual([path, MEDIA_TYPE]);
        expect(headers.get('vary')).toMatch(/\bAccept\b/);
      }
    });
  });

  describe('reads bodies', () => {
    it.each([
      ['{', '400 malformed_body'],
      ['', '400 malformed_body /data'],
      ['null', '400 malformed_body /data'],
      ['[]', '400 malformed_body /data'],
      ['{}', '400 malformed_body /data'],
      ['{"data":[]}', '400 malformed_body /data'],
      ['{"data":{"type":"iam:organizations"}}', '400 malformed_body /data/attributes'],
      ['{"data":{"type":"iam:organizations","attributes":[]}}', '400 malformed_body /data/attributes'],
      ['{"data":{"type":"iam:organizations","attributes":{"__proto__":{"name":"x"}}}}', '400 malformed_body'],
      ['{"data":{"type":"iam:accounts","attributes":{"name":"x"}}}', '409 conflict /data/type'],
      ['{"data":{"attributes":{"name":"x"}}}', '400 malformed_body /data/type'],
      ['{"data":{"type":null,"attributes":{"name":"x"}}}', '400 malformed_body /data/type'],
      [`{"data":{"type":"iam:organizations","id":"${UNKNOWN}","attributes":{"name":"x"}}}`, '403 forbidden /data/id'],
      [
        '{"data":{"type":"iam:organizations","attributes":{"name":"x"},"relationships":{"accounts":{"data":[{"type":"iam:accounts","id":"1"}]}}}}',
        '403 forbidden /data/relationships/accounts',
      ],
      [
        '{"data":{"type":"iam:organizations","attributes":{"name":"\\u0000"}}}',
        '422 validation_failed /data/attributes/name',
      ],
      [
        '{"data":{"type":"iam:organizations","attributes":{"name":"\\ud800"}}}',
        '422 validation_failed /data/attributes/name',
      ],
    ])('%s → %s', async (body, problem) => {
      expect(errorsOf(await root.post('/organizations', body))).toEqual([problem]);
    });

    it('up to 1 MiB', async () => {
      const response = await root.post(
        '/organizations',
        document('iam:organizations', { name: 'x'.repeat(1024 * 1024) }),
      );
      expect(errorsOf(response)).toEqual(['413 payload_too_large']);
    });

    it('and changes nothing where an update has no attributes', async () => {
      const id = await organization(app);
      const response = await root.patch(`/organizations/${id}`, { data: { type: 'iam:organizations', id } });
      expect([response.status, response.headers.get('etag')?.slice(0, 3)]).toEqual([200, '"1-']);
      const other = { data: { type: 'iam:organizations', id: UNKNOWN } };
      expect(errorsOf(await root.patch(`/organizations/${id}`, other))).toEqual(['409 conflict /data/id']);
    });
  });

  it('names all errors of a request at once, each with its source as sent', async () => {
    const response = await root.get(
      '/accounts?filter[nope]=1&filter[enabled]=x&sort=-role_scope,foo&page[size]=0&fields[iam:accounts]=nope&included=nope&count=x&y',
    );
    expect(errorsOf(response).sort()).toEqual([
      '400 invalid_parameter count',
      '400 invalid_parameter fields[iam:accounts]',
      '400 invalid_parameter filter[enabled]',
      '400 invalid_parameter filter[nope]',
      '400 invalid_parameter included',
      '400 invalid_parameter page[size]',
      '400 invalid_parameter sort',
      '400 invalid_parameter sort',
      '400 invalid_parameter y',
    ]);
    for (const error of response.body.errors) {
      expect(error).toEqual({
        id: response.headers.get('x-request-id'),
        status: '400',
        code: 'invalid_parameter',
        title: 'Invalid parameter',
        detail: expect.any(String),
        source: { parameter: expect.any(String) },
      });
    }
  });

  it.each([
    ['fields=name', 'Name a type: fields[iam:accounts]'],
    ['filter=Zoe', expect.stringMatching(/^Name a filter: filter\[\w+\]$/)],
    ['page=2', expect.stringContaining('page[number]')],
    ['page[limit]=2', expect.stringContaining('page[size]')],
  ])('says how it is spelled when requested by %s', async (query, detail) => {
    const response = await root.get(`/accounts?${query}`);
    expect(response.body.errors).toEqual([expect.objectContaining({ status: '400', detail })]);
  });

  it('keeps the request id of the client where it is harmless, and makes one otherwise', async () => {
    const idFor = async (sent?: string) =>
      (
        await send(app, 'GET', '/health/live', { headers: sent === undefined ? {} : { 'x-request-id': sent } })
      ).headers.get('x-request-id');
    expect(await idFor('a.B-9_')).toBe('a.B-9_');
    expect(await idFor('x'.repeat(128))).toBe('x'.repeat(128));
    for (const strange of [undefined, 'x'.repeat(129), 'a b', 'a/b', '{"a":1}']) {
      expect(await idFor(strange)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('answers 404 for unknown addresses and 405 with Allow for unknown methods', async () => {
    expect(errorsOf(await root.get('/nope'))).toEqual(['404 not_found']);
    expect(errorsOf(await send(app, 'GET', '/accounts/%ZZ'))).toEqual(['404 not_found']);
    expect(errorsOf(await send(app, 'PUT', '/accounts', { body: '{' }))).toEqual(['405 method_not_allowed']);
    const put = await send(app, 'PUT', '/accounts', { body: {} });
    expect([errorsOf(put), put.headers.get('allow')]).toEqual([['405 method_not_allowed'], 'GET, HEAD, POST']);
    expect(errorsOf(await send(app, 'DELETE', '/auth/login'))).toEqual(['405 method_not_allowed']);
    expect(errorsOf(await send(app, 'POST', `/organizations/${UNKNOWN}`, { body: {} }))).toEqual([
      '405 method_not_allowed',
    ]);
    const options = await send(app, 'OPTIONS', `/organizations/${UNKNOWN}?include=x`);
    expect([errorsOf(options), options.headers.get('allow')]).toEqual([
      ['405 method_not_allowed'],
      'GET, HEAD, PATCH, DELETE',
    ]);
    expect(errorsOf(await send(app, 'OPTIONS', '/nope'))).toEqual(['404 not_found']);
    expect(errorsOf(await send(app, 'PROPFIND', '/accounts'))).toEqual(['405 method_not_allowed']);
  });

  it.each([
    [
      'an address that is not encoded',
      'GET /accounts?filter[name]=Zoë HTTP/1.1\r\nhost: x\r\n\r\n',
      '400 Bad Request',
      'malformed_body',
      'percent-encoded',
    ],
    ['no HTTP at all', '\x16\x03\x01\x02\x00', '400 Bad Request', 'malformed_body', 'not HTTP'],
    [
      'a control character in a header',
      'GET / HTTP/1.1\r\nhost: x\r\nx-y: a\x00b\r\n\r\n',
      '400 Bad Request',
      'malformed_body',
      'control character',
    ],
    [
      'headers without end',
      `GET / HTTP/1.1\r\nhost: x\r\nx-y: ${'y'.repeat(20_000)}\r\n\r\n`,
      '431 Request Header Fields Too Large',
      'headers_too_large',
      '16 KiB',
    ],
  ])('answers %s with a document, and ends the connection', async (_what, bytes, statusLine, code, reason) => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.write(Buffer.from(bytes, 'utf8'));
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    const [status, ...headers] = head.split('\r\n');
    expect(status).toBe(`HTTP/1.1 ${statusLine}`);
    expect(headers).toContain(`content-type: ${MEDIA_TYPE}`);
    const { errors } = JSON.parse(body);
    expect(errors).toEqual([expect.objectContaining({ status: statusLine.slice(0, 3), code })]);
    expect(errors[0].detail).toContain(reason);
    expect(headers).toContain(`x-request-id: ${errors[0].id}`);
  });

  it('puts no such document into an answer that is on its way', async () => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.write('GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n');
    const pieces: Buffer[] = [];
    // Reads no more until the parser has met what follows: the answer is longer than what fits on the way.
    await once(socket, 'readable');
    socket.write('no HTTP\r\n\r\n');
    await sleep(200);
    for await (const piece of socket) pieces.push(piece as Buffer);
    const received = Buffer.concat(pieces).toString();
    expect(received).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(received).not.toContain('malformed_body');
  });

  it('puts no such document before the answer to an earlier request', async () => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    // In one packet: the first request waits for the database when the parser meets what follows.
    socket.write('GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\nno HTTP\r\n\r\n');
    expect(await text(socket)).toBe('');
  });

  it('answers what is no HTTP after a complete answer on the same connection', async () => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 OK/);
    socket.write('no HTTP\r\n\r\n');
    expect(await text(socket)).toContain('HTTP/1.1 400 Bad Request');
  });

  it('answers HEAD as GET, but for the body', async () => {
    const [get, head] = [
      await root.get('/organizations'),
      await send(app, 'HEAD', '/organizations', { token: root.token }),
    ];
    expect([head.status, head.text]).toEqual([200, '']);
    for (const name of ['content-type', 'content-length', 'vary', 'cache-control']) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
    expect((await send(app, 'HEAD', '/accounts')).status).toBe(401);
  });

  describe('rejects in one order', () => {
    const bad = document('iam:accounts', { name: '', role_name: 'admin' });

    it('route, 401, body, 403, parameters, row, 412, 409, 403 of a value, 422', async () => {
      const own = await organization(app);
      const owner = await signedIn(app, { role: 'org_owner', org: [own] });
      const member = await account(app, { org: [own] });
      const path = `/accounts/${member.id}`;
      const stale = { 'if-match': '"99-x"' };
      const wrongType = document('iam:organizations', { name: '' });
      const steps: [string, () => ReturnType<typeof send>, string][] = [
        ['route before body', () => send(app, 'POST', '/nope', { body: '{' }), '404 not_found'],
        ['401 before body', () => send(app, 'POST', '/accounts', { body: '{' }), '401 unauthenticated Authorization'],
        ['body before 403', () => owner.post('/organizations?x=1', '{'), '400 malformed_body'],
        [
          '401 before 403 and parameters',
          () => send(app, 'POST', '/organizations?x=1', { body: bad }),
          '401 unauthenticated Authorization',
        ],
        ['403 before parameters', () => owner.post('/organizations?x=1', bad), '403 forbidden'],
        ['parameters before the row', () => owner.patch(`/accounts/${UNKNOWN}?x=1`, bad), '400 invalid_parameter x'],
        [
          'the row before everything that follows',
          () => owner.patch(`/accounts/${UNKNOWN}`, wrongType, stale),
          '404 not_found',
        ],
        ['412 before 409', () => owner.patch(path, wrongType, stale), '412 precondition_failed If-Match'],
        ['409 before 422', () => owner.patch(path, wrongType), '409 conflict /data/type'],
        ['403 of a value before 422', () => owner.patch(path, bad), '403 forbidden /data/attributes/role_name'],
        [
          '422 last',
          () => owner.patch(path, document('iam:accounts', { name: '' })),
          '422 validation_failed /data/attributes/name',
        ],
      ];
      for (const [step, request, problem] of steps)
        expect([step, errorsOf(await request())]).toEqual([step, [problem]]);
    });
  });
});
