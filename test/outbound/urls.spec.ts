import { describe, expect, it } from '@jest/globals';
import { isPublicAddress } from '../../src/config/address-blocks.js';
import { OutboundAddresses } from '../../src/outbound/outbound.addresses.js';
import { OutboundError } from '../../src/outbound/outbound.errors.js';
import { OutboundUrls } from '../../src/outbound/outbound.urls.js';

interface Rules {
  readonly networks?: readonly string[];
  readonly ports?: readonly number[];
  readonly production?: boolean;
}

/** Why a URL may not be requested; `allowed` where it may. */
function verdictOn(url: string, { networks = [], ports = [443], production = true }: Rules = {}): string {
  const options = {
    ...{ allowedNetworks: networks, allowedPorts: ports, allowThisMachine: !production },
    resolve: () => Promise.resolve([]),
  };
  try {
    new OutboundUrls(options, new OutboundAddresses(options)).parse(url);
    return 'allowed';
  } catch (error) {
    if (error instanceof OutboundError) return error.reason;
    throw error;
  }
}

describe('An address is not public', () => {
  it.each([
    ['unspecified', ['0.0.0.0', '0.255.1.2', '::']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1']],
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1']],
    ['link-local', ['169.254.169.254', 'fe80::1', 'febf::1', 'fec0::1']],
    ['of a carrier (CGNAT)', ['100.64.0.1', '100.127.255.255']],
    ['for documentation and benchmarks', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '198.18.0.1', '198.19.255.255']],
    ['for documentation in IPv6', ['2001:db8::1', '3fff::1']],
    ['a protocol assignment', ['192.0.0.170', '192.88.99.1', '2001:1::1', '2001:2::1', '2001:10::1', '2001:20::1']],
    ['multicast or broadcast', ['224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1']],
    ['reserved', ['240.0.0.1', '254.1.1.1', '100::1', '4000::1', 'e000::1', '5f00::1']],
    ['unique local', ['fc00::1', 'fdff::1']],
    ['IPv4 mapped into IPv6', ['::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:7f00:1', '::ffff:0:7f00:1']],
    ['compatible with IPv4', ['::127.0.0.1', '::8.8.8.8', '::7f00:1']],
    ['translated by NAT64', ['64:ff9b::127.0.0.1', '64:ff9b::8.8.8.8', '64:ff9b:1::1']],
    ['6to4', ['2002:7f00:1::', '2002:808:808::1']],
    ['Teredo', ['2001::1', '2001:0:7f00:1::']],
    ['none at all', ['', 'example.com', '1.2.3', '::g']],
  ])('that is %s', (_, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  it('unless it is', () => {
    const edges = ['1.1.1.1', '9.255.255.255', '11.0.0.1', '100.63.255.255', '100.128.0.1', '172.15.0.1', '172.32.0.1'];
    const publics = [...edges, '169.253.1.1', '192.167.1.1', '223.255.255.255', '2606:4700::1111', '2a00:1450::1'];
    expect(publics.filter((address) => !isPublicAddress(address))).toEqual([]);
  });
});

describe('A URL', () => {
  it.each([
    'https://hooks.example.com/a?b#c',
    'https://hooks.example.com:443',
    'https://1.1.1.1/',
    'https://[2606:4700::1111]/',
  ])('may be requested: %s', (url) => {
    expect(verdictOn(url)).toBe('allowed');
  });

  it.each([
    [
      'invalid_url',
      ['', 'hooks.example.com', '//hooks.example.com', 'https://', 'https://a b', 'https://[::1', 'https://256.1.1.1'],
    ],
    ['invalid_url', [`https://example.com/${'a'.repeat(2_048)}`, 'https://[fe80::1%25eth0]/', 'https://999999999999']],
    [
      'scheme_not_allowed',
      ['http://example.com', 'ftp://example.com', 'file:///etc/passwd', 'data:,a', 'javascript:1'],
    ],
    ['scheme_not_allowed', ['ws://example.com', 'gopher://example.com', 'blob:https://example.com/a', 'unix:/run/x']],
    ['credentials_not_allowed', ['https://user@example.com', 'https://user:pw@example.com', 'https://:pw@example.com']],
    ['port_not_allowed', ['https://example.com:80', 'https://example.com:8443', 'https://example.com:22']],
  ])('is rejected: %s', (reason, urls) => {
    expect(urls.map((url) => [url, verdictOn(url)])).toEqual(urls.map((url) => [url, reason]));
  });

  it.each([
    ['decimal', 'https://2130706433/'],
    ['octal', 'https://0177.0.0.1/'],
    ['octal, long', 'https://00000000177.0.0.01/'],
    ['hexadecimal', 'https://0x7f000001/'],
    ['hexadecimal with dots', 'https://0x7f.0x0.0x0.0x1/'],
    ['mixed', 'https://0x7f.1/'],
    ['shortened', 'https://127.1/'],
    ['zero', 'https://0/'],
    ['with a dot at the end', 'https://127.0.0.1./'],
    ['percent-encoded', 'https://%31%32%37.0.0.1/'],
    ['in full-width digits', 'https://１２７．０．０．１/'],
    ['in circled digits', 'https://①②⑦.⓪.⓪.①/'],
    ['after a backslash', 'https:\\\\127.0.0.1\\'],
    ['with tabs and line breaks', 'https://127.\t0.0\n.1/'],
    ['in IPv6', 'https://[::1]/'],
    ['in long IPv6', 'https://[0000:0000:0000:0000:0000:0000:0000:0001]/'],
    ['mapped', 'https://[::ffff:127.0.0.1]/'],
    ['mapped in hexadecimal', 'https://[::ffff:7f00:1]/'],
    ['compatible', 'https://[::127.0.0.1]/'],
    ['NAT64', 'https://[64:ff9b::7f00:1]/'],
    ['the metadata of a cloud', 'https://169.254.169.254/latest/meta-data/'],
    ['the metadata of a cloud, decimal', 'https://2852039166/'],
  ])('with an address that is not public is rejected, %s', (_, url) => {
    expect(verdictOn(url)).toBe('address_not_allowed');
    expect(verdictOn(url, { networks: ['10.0.0.0/8'] })).toBe('address_not_allowed');
  });

  it('may name an address of OUTBOUND_ALLOWED_NETWORKS, in every spelling, and no other', () => {
    const networks = ['10.1.0.0/16', '192.168.0.5', 'fd00::/64'];
    const urls = ['https://10.1.2.3', 'https://0xa010203', 'https://192.168.0.5', 'https://[fd00::1]'];
    expect([...urls, 'https://[::ffff:10.1.2.3]'].map((url) => verdictOn(url, { networks }))).toEqual(
      Array(5).fill('allowed'),
    );
    const others = ['https://10.2.0.1', 'https://192.168.0.6', 'https://[fd00:0:0:1::1]', 'https://127.0.0.1'];
    expect(others.map((url) => verdictOn(url, { networks }))).toEqual(Array(4).fill('address_not_allowed'));
    expect(verdictOn('http://10.1.2.3', { networks, production: false })).toBe('scheme_not_allowed');
  });

  it('may name a port of OUTBOUND_ALLOWED_PORTS', () => {
    const ports = [443, 8443];
    expect(verdictOn('https://example.com:8443', { ports })).toBe('allowed');
    expect(verdictOn('https://example.com:9443', { ports })).toBe('port_not_allowed');
    expect(verdictOn('https://example.com', { ports: [8443] })).toBe('port_not_allowed');
  });

  it('may lead to this machine outside production alone: in clear, and on any port', () => {
    const urls = ['http://localhost:8080', 'http://hooks.localhost', 'https://127.0.0.1:1', 'http://[::1]:65535'];
    expect(urls.map((url) => verdictOn(url, { production: false }))).toEqual(Array(4).fill('allowed'));
    expect(urls.map((url) => verdictOn(url))).not.toContain('allowed');
    const others = ['http://localhost.example.com', 'http://notlocalhost', 'http://0.0.0.0', 'http://10.0.0.1'];
    expect(others.map((url) => verdictOn(url, { production: false }))).not.toContain('allowed');
  });
});
