import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { fastify, type FastifyInstance } from 'fastify';
import {
  addressBlockOf,
  clientAddress,
  normalizeAddress,
  trustProxyOption,
} from '../../src/auth/authentication/client-address.js';

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
    ['without its port', ['10.0.0.1'], '10.0.0.1', '203.0.113.7:50001', '203.0.113.7'],
    ['IPv6 without brackets and port', ['10.0.0.1'], '10.0.0.1', '[2001:db8::7]:50001', '2001:db8::7'],
    ['IPv6 without brackets', ['10.0.0.1'], '10.0.0.1', '[2001:db8::7]', '2001:db8::7'],
    [
      'behind proxies that are named with ports',
      ['10.0.0.0/8'],
      '10.0.0.1',
      '203.0.113.7:1, 10.0.0.9:2',
      '203.0.113.7',
    ],
    ['behind proxies of an IPv6 block', ['fd00::/8'], 'fd00::1', '203.0.113.7, [fd00::2]:443', '203.0.113.7'],
    ['the peer, when a port is no number', ['10.0.0.1'], '10.0.0.1', '203.0.113.7:http', '10.0.0.1'],
    ['the peer, when brackets hold IPv4', ['10.0.0.1'], '10.0.0.1', '[203.0.113.7', '10.0.0.1'],
    ['the peer, when an address is written in octal', ['10.0.0.1'], '10.0.0.1', '0306.063.0144.01', '10.0.0.1'],
    ['IPv4, also when mapped into IPv6', [], '::ffff:203.0.113.9', undefined, '203.0.113.9'],
    ['that of a proxy that is mapped into IPv6', ['10.0.0.1'], '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['IPv6 in one form', ['::1'], '::1', '2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ])('is %s', async (_, trusted, peer, forwardedFor, expected) => {
    expect(await addressOf(trusted, peer, forwardedFor)).toBe(expected);
  });
});

describe('a trusted proxy that forwards what is no address', () => {
  it('is logged once, with the beginning of what it sent', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    try {
      for (let n = 0; n < 3; n++) await addressOf(['10.0.0.77'], '10.0.0.77', `unknown${'x'.repeat(500)}`);
      await addressOf(['10.0.0.77'], '10.0.0.77', '203.0.113.7:50001');
      const lines = warn.mock.calls.map(([line]) => String(line));
      expect(lines).toEqual([
        `The proxy 10.0.0.77 forwards "unknown${'x'.repeat(93)}" in X-Forwarded-For, which is no IP address; its clients share its own address`,
      ]);
    } finally {
      warn.mockRestore();
    }
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
