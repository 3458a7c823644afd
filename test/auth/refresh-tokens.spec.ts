import { describe, expect, it } from '@jest/globals';
import { RefreshTokens, SecretBox } from '../../src/auth/tokens/secrets.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
const PARTS = { sessionId: '0197a1f0-89ab-7def-8123-000000000002', seq: 7, nonce: 'AAECAwQFBgcICQoLDA0ODw' };

const secrets = new SecretBox({ appSecrets: ['a secret of this test'] });
const tokens = new RefreshTokens(secrets);

describe('a refresh token', () => {
  it('is read back as it was issued', () => {
    expect(tokens.parse(tokens.issue(PARTS))).toEqual(PARTS);
    expect(tokens.parse(tokens.issue({ ...PARTS, seq: 0 }))).toEqual({ ...PARTS, seq: 0 });
  });

  it('is worthless when any character is changed, added or taken away', () => {
    const token = tokens.issue(PARTS);
    for (let at = 0; at < token.length; at++) {
      expect(tokens.parse(token.slice(0, at) + token.slice(at + 1))).toBeNull();
      for (const other of ALPHABET) {
        if (other !== token[at]) expect(tokens.parse(token.slice(0, at) + other + token.slice(at + 1))).toBeNull();
        expect(tokens.parse(token.slice(0, at) + other + token.slice(at))).toBeNull();
      }
    }
  });

  it('of another secret is worthless, of an older one good', () => {
    const older = new RefreshTokens(new SecretBox({ appSecrets: ['older'] })).issue(PARTS);
    expect(tokens.parse(older)).toBeNull();
    expect(new RefreshTokens(new SecretBox({ appSecrets: ['newer', 'older'] })).parse(older)).toEqual(PARTS);
  });

  it('cannot be made of a code that was made for another purpose', () => {
    const [id, seq, nonce] = tokens.issue(PARTS).split('.');
    const data = `${id}.${seq}.${nonce}`;
    expect(tokens.parse(`${data}.${secrets.mac('refresh-token', data)}`)).toEqual(PARTS);
    expect(tokens.parse(`${data}.${secrets.mac('device', data)}`)).toBeNull();
  });

  it.each(['', '...', 'a.b.c.d', '\0', '💥', 'x'.repeat(100_000)])('of arbitrary text is rejected', (text) => {
    expect(tokens.parse(text)).toBeNull();
  });
});
