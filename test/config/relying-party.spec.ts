import { describe, expect, it } from '@jest/globals';
import { relyingParty } from '../../src/config/relying-party.js';
import { examineConfig } from '../../src/config/load-config.js';

const partyOf = (base: string, webauthnRpId: string | null = null, corsOrigins: string[] = []) =>
  relyingParty({ webauthnRpId, corsOrigins }, base);

describe('Passkeys are bound to', () => {
  it.each<[string, string | null, string[], object]>([
    ['https://iam.example.com/iam', null, [], { id: 'iam.example.com', origins: ['https://iam.example.com'] }],
    ['http://localhost:3000', null, [], { id: 'localhost', origins: ['http://localhost:3000'] }],
    [
      'https://iam.example.com',
      'example.com',
      ['https://shop.example.com', 'https://badexample.com', 'http://old.example.com', 'https://iam.example.com'],
      { id: 'example.com', origins: ['https://iam.example.com', 'https://shop.example.com'] },
    ],
    [
      'https://iam.example.com',
      null,
      ['https://shop.example.com', 'https://example.com'],
      { id: 'iam.example.com', origins: ['https://iam.example.com'] },
    ],
    // The front end has the domain, and the service an address.
    [
      'http://192.0.2.7:3000',
      'example.com',
      ['https://example.com'],
      { id: 'example.com', origins: ['https://example.com'] },
    ],
  ])('the domain of %s with WEBAUTHN_RP_ID %j and CORS_ORIGINS %j', (base, id, origins, party) => {
    expect(partyOf(base, id, origins)).toEqual(party);
  });

  it.each([
    ['http://192.0.2.7:3000', null, /http:\/\/192\.0\.2\.7:3000 has an IP address.* Set APP_URL/],
    ['https://[2001:db8::1]', null, /has an IP address/],
    ['http://iam.example.com', null, /is http:\/\/.* Set APP_URL to the https:\/\/ address/],
    ['http://localhost:3000', 'example.com', /WEBAUTHN_RP_ID is example\.com, and http:\/\/localhost:3000 is not/],
  ])('nothing at %s with WEBAUTHN_RP_ID %j, and it is said what to set', (base, id, reason) => {
    expect(partyOf(base, id)).toEqual({ off: expect.stringMatching(reason) });
  });
});

describe('WEBAUTHN_RP_ID', () => {
  const errorsOf = (id: string): string[] =>
    examineConfig({ APP_URL: 'https://iam.example.co.uk', WEBAUTHN_RP_ID: id }).errors.filter((error) =>
      error.startsWith('WEBAUTHN_RP_ID'),
    );

  it.each(['iam.example.co.uk', 'example.co.uk', 'EXAMPLE.co.uk'])('may be %s', (id) => {
    expect(errorsOf(id)).toEqual([]);
  });

  it.each(['co.uk', 'https://example.co.uk', 'example.co.uk:443', '192.0.2.7', '-a.co.uk', 'a..co.uk'])(
    'must be a domain, and not %s',
    (id) => {
      expect(errorsOf(id)).toEqual([expect.stringMatching(/must be a domain such as example\.com/)]);
    },
  );

  it.each(['example.com', 'other.example.co.uk', 'le.co.uk'])('must be a domain of APP_URL, and not %s', (id) => {
    expect(errorsOf(id)).toEqual([expect.stringMatching(/must be the host of APP_URL/)]);
  });
});
