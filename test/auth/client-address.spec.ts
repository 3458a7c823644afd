import { afterEach, describe, expect, it } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { addressBlockOf, clientAddress, normalizeAddress, trustProxyOption } from '../../src/auth/client-address.js';

let server: FastifyInstance | undefined;

afterEach(async () => {
  await server?.close();
});

/** What the service takes for the client of a request from `peer`. */
async function addressOf(trusted: string[], peer: string, forwardedFor?: string | string[]): Promise<string> {
  server = fastify({ trustProxy: trustProxyOption(trusted) });
  server.get('/', (request) => clientAddress(request));
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  const { body } = await server.inject({ url: '/', remoteAddress: peer, headers });
  return body;
}

describe('the address of a client', () => {
  it.each([
    ['the peer', [], '203.0.113.9', undefined, '203.0.113.9'],
    ['the peer, whatever a peer that is not trusted says', [], '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['the peer, when only others are trusted', ['10.0.0.1'], '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['what a trusted proxy says', ['10.0.0.0/8'], '10.1.2.3', '198.51.100.1', '198.51.100.1'],
    [
      'the last that the proxies did not add',
      ['10.0.0.0/8'],
      '10.1.2.3',
      '1.1.1.1, 198.51.100.1, 10.9.9.9',
      '198.51.100.1',
    ],
    ['the first, when all are proxies', ['10.0.0.0/8'], '10.1.2.3', '10.0.0.5, 10.0.0.6', '10.0.0.5'],
    ['the last of several headers', ['10.0.0.1'], '10.0.0.1', ['1.1.1.1', '198.51.100.1'], '198.51.100.1'],
    ['the peer, when a proxy says nothing', ['10.0.0.1'], '10.0.0.1', undefined, '10.0.0.1'],
    ['the peer, when a proxy sends an empty header', ['10.0.0.1'], '10.0.0.1', '', '10.0.0.1'],
    ['the peer, when a proxy passes on rubbish', ['10.0.0.1'], '10.0.0.1', 'unknown', '10.0.0.1'],
    ['the peer, when rubbish comes last', ['10.0.0.1'], '10.0.0.1', '198.51.100.1, "quoted"', '10.0.0.1'],
    ['the peer, when an address has a port', ['10.0.0.1'], '10.0.0.1', '198.51.100.1:4711', '10.0.0.1'],
    ['the peer, when an address is written in octal', ['10.0.0.1'], '10.0.0.1', '0306.063.0144.01', '10.0.0.1'],
    ['IPv4, also when mapped into IPv6', [], '::ffff:203.0.113.9', undefined, '203.0.113.9'],
    ['that of a proxy that is mapped into IPv6', ['10.0.0.1'], '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['IPv6 in one form', ['::1'], '::1', '2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ])('is %s', async (_, trusted, peer, forwardedFor, expected) => {
    expect(await addressOf(trusted, peer, forwardedFor)).toBe(expected);
  });
});

describe('an address', () => {
  it.each([
    ['::FFFF:0102:0304', '1.2.3.4'],
    ['fe80::1%eth0', 'fe80::1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['1.2.3', null],
    ['1.2.3.4 ', null],
    ['[::1]', null],
    ['', null],
  ])('%j becomes %j', (text, expected) => {
    expect(normalizeAddress(text)).toBe(expected);
  });

  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['2001::2:3:4:5:6', '2001:0:0:2::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
  ])('%s is counted under %s', (address, expected) => {
    expect(addressBlockOf(address)).toBe(expected);
  });
});
