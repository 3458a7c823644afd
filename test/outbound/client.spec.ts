import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { OutboundClient, type OutboundRequest, MAX_RESPONSE_BYTES } from '../../src/outbound/outbound.client.js';
import { OutboundError } from '../../src/outbound/outbound.errors.js';
import { type Certificates, makeCertificates } from '../support/certificates.js';
import { startHost, startPlainHost, startProxy, type TestServer, type Tunnel } from './outbound-host.js';

const HOST = 'hooks.example.com';
const LOCAL = ['127.0.0.1/32'];

interface ClientOptions {
  readonly allowedNetworks?: readonly string[];
  readonly production?: boolean;
  readonly proxy?: string;
  readonly noProxy?: string;
  readonly timeoutMs?: number;
  readonly ca?: string;
  /** Addresses of HOST, one list for each look-up, the last one for all that follow. */
  readonly addresses?: readonly (readonly string[])[];
}

let certificates: Certificates;
let host: TestServer;
/** What the host does with a request. */
let respond: RequestListener;
let requests = 0;
let lookups: string[] = [];
const clients: OutboundClient[] = [];

beforeAll(async () => {
  certificates = makeCertificates(`DNS:${HOST}`, 'DNS:localhost');
  host = await startHost(certificates, (request, response) => {
    requests++;
    respond(request, response);
  });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.onModuleDestroy()));
  [requests, lookups] = [0, []];
});
afterAll(() => host.stop());

function client(options: ClientOptions = {}): OutboundClient {
  const { allowedNetworks = LOCAL, production = true, proxy = null, noProxy = '', timeoutMs = 5_000 } = options;
  const { addresses = [['127.0.0.1']], ca = certificates.ca } = options;
  let count = 0;
  const resolve = (name: string) => {
    lookups.push(name);
    const found = addresses[Math.min(count++, addresses.length - 1)] ?? [];
    if (found.length === 0) return Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }));
    return Promise.resolve(found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
  };
  const outbound = { allowedNetworks, allowedPorts: [443, host.port], proxy, noProxy };
  const made = new OutboundClient({ outbound, production }, { resolve, timeoutMs, ca });
  clients.push(made);
  return made;
}

/** The response's status, or why there is none. */
async function resultOf(options: ClientOptions, request: Partial<OutboundRequest> = {}): Promise<number | string> {
  try {
    const { status } = await client(options).send({ url: `https://${HOST}:${host.port}/`, ...request });
    return status;
  } catch (error) {
    if (error instanceof OutboundError) return error.reason;
    throw error;
  }
}

describe('A request to another host', () => {
  it('sends method, headers and body, and returns status, headers and body', async () => {
    respond = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { 'webhook-id': id, host: name } = request.headers;
        const sent = `${request.method} ${request.url} ${id} ${name} ${chunks.join('')}`;
        response.writeHead(422, { 'x-answer': 'yes' }).end(sent);
      });
    };
    const response = await client().send({
      ...{ url: `https://${HOST}:${host.port}/a?b=c#d`, method: 'POST' as const },
      ...{ headers: { 'webhook-id': '7' }, body: '{"a":1}' },
    });
    expect(response).toMatchObject({ status: 422, headers: { 'x-answer': 'yes' } });
    expect(response.body.toString()).toBe(`POST /a?b=c 7 ${HOST}:${host.port} {"a":1}`);
  });

  it.each([301, 302, 303, 307, 308])('does not follow a redirection: %d', async (status) => {
    respond = (_, response) => response.writeHead(status, { location: '/elsewhere' }).end('x'.repeat(100_000));
    const error = await client()
      .send({ url: `https://${HOST}:${host.port}/` })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: 'redirected', status });
    expect(requests).toBe(1);
  });

  it('is not sent to a name with any address that is not public', async () => {
    respond = (_, response) => response.end();
    const hostile = ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '::ffff:10.0.0.1', '64:ff9b::a00:1', 'fd00::1'];
    for (const address of hostile) {
      const lists = [[address], ['93.184.216.34', address], [address, '93.184.216.34']];
      for (const list of lists) {
        expect(await resultOf({ allowedNetworks: [], addresses: [list] })).toBe('address_not_allowed');
      }
    }
    expect(requests).toBe(0);
  });

  it('connects to the address that was checked, not to what the name resolves to a moment later', async () => {
    respond = (_, response) => response.end();
    expect(await resultOf({ addresses: [['127.0.0.1'], ['10.0.0.1']] })).toBe(200);
    expect(lookups).toEqual([HOST]);
    expect(await resultOf({ addresses: [['10.0.0.1'], ['127.0.0.1']] })).toBe('address_not_allowed');
  });

  it('checks each new connection, so that a name which was good cannot be rebound', async () => {
    respond = (_, response) => response.setHeader('connection', 'close').end();
    const good = client({ addresses: [['127.0.0.1'], ['10.0.0.1']] });
    const url = `https://${HOST}:${host.port}/`;
    expect(await good.send({ url })).toMatchObject({ status: 200 });
    await expect(good.send({ url })).rejects.toMatchObject({ reason: 'address_not_allowed' });
  });

  it('fails with a reason where there is no name, no listener, no HTTP', async () => {
    expect(await resultOf({ addresses: [[]] })).toBe('name_not_found');
    const { port, stop } = await startPlainHost((request) => void request.socket.end('nonsense\r\n\r\n'));
    const own = { production: false, allowedNetworks: [] };
    expect(await resultOf(own, { url: `http://127.0.0.1:${port}` })).toBe('invalid_response');
    await stop();
    expect(await resultOf(own, { url: `http://127.0.0.1:${port}` })).toBe('connection_failed');
  });

  it('fails once where the host hangs up at once', async () => {
    let connections = 0;
    const server = createServer((socket) => void (connections++, socket.on('error', () => undefined).end()));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    expect(await resultOf({ production: false, allowedNetworks: [] }, { url })).toBe('connection_failed');
    await sleep(100);
    expect(connections).toBe(1);
    server.close();
  });

  it('trusts the CAs of NODE_EXTRA_CA_CERTS', async () => {
    respond = (_, response) => response.end();
    const folder = await mkdtemp(join(tmpdir(), 'iam-extra-ca-'));
    const file = join(folder, 'ca.pem');
    await writeFile(file, certificates.ca);
    const program = [
      `import { OutboundClient } from './src/outbound/outbound.client.ts';`,
      `const outbound = { allowedNetworks: [], allowedPorts: [], proxy: null, noProxy: '' };`,
      `const client = new OutboundClient({ outbound, production: false });`,
      `const { status } = await client.send({ url: 'https://localhost:${host.port}/' }).catch(({ reason }) => ({ status: reason }));`,
      `console.log(status);`,
      `await client.onModuleDestroy();`,
    ].join('\n');
    const run = async (env: NodeJS.ProcessEnv): Promise<string> => {
      const args = ['--import', './test/runner/typescript-loader.js', '--input-type=module', '--eval', program];
      const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
      return stdout.trim();
    };
    expect(await Promise.all([run({ NODE_EXTRA_CA_CERTS: file }), run({})])).toEqual(['200', 'certificate_rejected']);
    await rm(folder, { recursive: true });
  });

  it('is rejected where the certificate is of another host or another CA', async () => {
    respond = (_, response) => response.end();
    expect(await resultOf({}, { url: `https://other.example.com:${host.port}` })).toBe('certificate_rejected');
    expect(await resultOf({ ca: makeCertificates('DNS:x').ca })).toBe('certificate_rejected');
    expect(requests).toBe(0);
  });

  it('reaches localhost in clear outside production, if that is this machine', async () => {
    const { port, stop } = await startPlainHost((_, response) => response.end());
    const own = { production: false, allowedNetworks: [] };
    expect(await resultOf(own, { url: `http://localhost:${port}` })).toBe(200);
    const elsewhere = { ...own, addresses: [['10.0.0.1']] };
    expect(await resultOf(elsewhere, { url: `http://localhost:${port}` })).toBe('address_not_allowed');
    expect(await resultOf({ ...own, production: true }, { url: `http://localhost:${port}` })).toBe(
      'scheme_not_allowed',
    );
    // A name that is not of this machine does not become one by its address.
    expect(await resultOf(own)).toBe('address_not_allowed');
    await stop();
  });
});

describe('A response of another host', () => {
  const full = Buffer.alloc(MAX_RESPONSE_BYTES, 'a');

  it('has at most 64 KiB, or as much as the request allows', async () => {
    respond = (_, response) => response.end(full);
    expect(await resultOf({})).toBe(200);
    respond = (_, response) => response.end(Buffer.concat([full, Buffer.from('b')]));
    expect(await resultOf({})).toBe('body_too_large');
    expect(await resultOf({}, { maxBytes: MAX_RESPONSE_BYTES + 1 })).toBe(200);
    expect(await resultOf({}, { maxBytes: 10 })).toBe('body_too_large');
  });

  it('that never ends is given up at the limit', async () => {
    respond = (_, response) => {
      const timer = setInterval(() => response.write(full), 1);
      response.on('close', () => clearInterval(timer));
    };
    expect(await resultOf({})).toBe('body_too_large');
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', (body: Buffer) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ])('is decompressed, up to the same limit: %s', async (encoding, compress) => {
    const answer = (body: Buffer): RequestListener => {
      const compressed = compress(body);
      return (_, response) => response.setHeader('content-encoding', encoding).end(compressed);
    };
    respond = answer(Buffer.from('plain'));
    const { body } = await client().send({ url: `https://${HOST}:${host.port}/` });
    expect(body.toString()).toBe('plain');
    // A bomb: 8 MB in a few kilobytes.
    respond = answer(Buffer.alloc(8_000_000));
    expect(await resultOf({}, { maxBytes: 1_000_000 })).toBe('body_too_large');
  });

  it('in an unknown, a repeated or a broken encoding is rejected', async () => {
    for (const encoding of ['compress', 'gzip, gzip', 'gzip']) {
      respond = (_, response) => response.setHeader('content-encoding', encoding).end('not compressed');
      expect(await resultOf({})).toBe('invalid_response');
    }
  });

  it('has a head of at most 16 KiB', async () => {
    respond = (_, response) => response.setHeader('x-long', 'a'.repeat(17_000)).end();
    expect(await resultOf({})).toBe('headers_too_large');
  });

  it('has to be complete in time: without a head, with one, byte by byte', async () => {
    const slow: RequestListener[] = [
      () => undefined,
      (_, response) => void response.writeHead(200).flushHeaders(),
      (_, response) => {
        const timer = setInterval(() => response.write('a'), 20);
        response.on('close', () => clearInterval(timer));
      },
    ];
    for (const listener of slow) {
      respond = listener;
      const began = performance.now();
      expect(await resultOf({ timeoutMs: 300 })).toBe('timed_out');
      expect(performance.now() - began).toBeLessThan(2_000);
    }
  });
});

describe('Behind a proxy', () => {
  const tunnels: Tunnel[] = [];
  let proxy: TestServer;

  beforeAll(async () => {
    proxy = await startProxy(host.port, tunnels);
  });
  afterEach(() => {
    tunnels.length = 0;
  });
  afterAll(() => proxy.stop());

  const through = (options: ClientOptions = {}): ClientOptions => ({
    ...{ allowedNetworks: [], addresses: [['93.184.216.34']], proxy: `http://me:s%40cret@127.0.0.1:${proxy.port}` },
    ...options,
  });

  it('a request goes through CONNECT by name, and TLS reaches to the host', async () => {
    respond = (_, response) => response.writeHead(201).end();
    expect(await resultOf(through(), { url: `https://${HOST}` })).toBe(201);
    expect(tunnels).toEqual([
      { target: `${HOST}:443`, authorization: `Basic ${Buffer.from('me:s@cret').toString('base64')}` },
    ]);
    expect(await resultOf(through(), { url: 'https://other.example.com' })).toBe('certificate_rejected');
  });

  it('a name with an address that is not public is rejected all the same, and so is one without an address', async () => {
    const both = { addresses: [['93.184.216.34', '10.0.0.1']] };
    expect(await resultOf(through(both))).toBe('address_not_allowed');
    expect(await resultOf(through(), { url: 'https://10.0.0.1' })).toBe('address_not_allowed');
    expect(await resultOf(through({ addresses: [[]] }))).toBe('name_not_found');
    expect(tunnels).toEqual([]);
  });

  it('hosts of NO_PROXY are reached without it, and then each connection is checked', async () => {
    respond = (_, response) => response.end();
    for (const noProxy of [HOST, '.example.com', 'other.example, example.com', '*', `${HOST}:${host.port}`]) {
      const direct = through({ noProxy, allowedNetworks: LOCAL, addresses: [['127.0.0.1']] });
      expect(await resultOf(direct)).toBe(200);
      const rebound = { ...direct, addresses: [['127.0.0.1'], ['10.0.0.1']] };
      expect(await resultOf(rebound)).toBe('address_not_allowed');
    }
    expect(tunnels).toEqual([]);
    expect(await resultOf(through({ noProxy: 'example.org' }))).toBe(200);
    expect(tunnels).toHaveLength(1);
  });

  it('a proxy that denies, hangs or is away is a failure with a reason', async () => {
    const denying = await startProxy(host.port, tunnels, 403);
    const at = (port: number) => through({ proxy: `http://127.0.0.1:${port}`, timeoutMs: 500 });
    expect(await resultOf(at(denying.port))).toBe('connection_failed');
    await denying.stop();
    expect(await resultOf(at(denying.port))).toBe('connection_failed');
    // It hangs up at a CONNECT.
    const web = await startPlainHost(() => undefined);
    expect(await resultOf(at(web.port))).toBe('connection_failed');
    await web.stop();
    const silent = await startProxy(host.port, tunnels, 0);
    expect(await resultOf(at(silent.port))).toBe('timed_out');
    await silent.stop();
  });

  it('a resolver that hangs does not outlast the limit of time', async () => {
    const outbound = { allowedNetworks: [], allowedPorts: [443], proxy: `http://127.0.0.1:${proxy.port}`, noProxy: '' };
    const resolve = () => new Promise<never>(() => undefined);
    const hanging = new OutboundClient({ outbound, production: true }, { resolve, timeoutMs: 200 });
    await expect(hanging.send({ url: `https://${HOST}` })).rejects.toMatchObject({ reason: 'timed_out' });
    await hanging.onModuleDestroy();
  });
});
