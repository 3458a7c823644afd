import { describe, expect, it } from '@jest/globals';
import { hashToken, newToken, SecretBox } from '../../src/auth/tokens/secrets.js';

const box = (...appSecrets: string[]) => new SecretBox({ appSecrets });
const OLD = 'the old secret, long enough';
const NEW = 'the new secret, long enough';

describe('The secret box', () => {
  it('opens what it sealed, and seals the same text differently each time', () => {
    const sealed = box(NEW).seal('mail', 'a token ü 😀');
    expect(box(NEW).open('mail', sealed)).toBe('a token ü 😀');
    expect(box(NEW).seal('mail', 'a token ü 😀')).not.toBe(sealed);
    expect(box(NEW).open('mail', box(NEW).seal('mail', ''))).toBe('');
  });

  it('opens for the purpose that was sealed for, and for no other', () => {
    expect(box(NEW).open('webhook', box(NEW).seal('mail', 'token'))).toBeNull();
  });

  it('opens with every secret of the list, and seals with the newest', () => {
    const sealed = box(OLD).seal('mail', 'token');
    expect(box(NEW, OLD).open('mail', sealed)).toBe('token');
    expect(box(NEW).open('mail', sealed)).toBeNull();
    expect(box(NEW).open('mail', box(NEW, OLD).seal('mail', 'token'))).toBe('token');
  });

  it('rejects every changed character', () => {
    const sealed = box(NEW).seal('mail', 'token');
    for (let i = 0; i < sealed.length - 1; i++) {
      const other = sealed[i] === 'A' ? 'B' : 'A';
      expect(box(NEW).open('mail', sealed.slice(0, i) + other + sealed.slice(i + 1))).toBeNull();
    }
  });

  it.each(['', 'v1', 'v1.abc', 'v1..', '....', 'v2.abcdefgh.AAAA', 'v1.abcdefgh.AAAA'])('rejects %j', (sealed) => {
    expect(box(NEW).open('mail', sealed)).toBeNull();
  });

  it('says nothing of its text or secret in what it sealed', () => {
    const sealed = box(NEW).seal('mail', 'token');
    expect(sealed).toMatch(/^v1\.[\w-]{8}\.[\w-]+$/);
    expect(Buffer.from(sealed.split('.')[2] ?? '', 'base64url').includes('token')).toBe(false);
  });

  it('authenticates data by purpose, with the newest secret, and takes codes of the older ones', () => {
    const mac = box(OLD).mac('device', 'data');
    expect(mac).toMatch(/^[\w-]{43}$/);
    expect(box(OLD).mac('device', 'data')).toBe(mac);
    expect(box(NEW, OLD).mac('device', 'data')).not.toBe(mac);
    expect(box(NEW, OLD).verifyMac('device', 'data', mac)).toBe(true);
    expect(box(NEW).verifyMac('device', 'data', mac)).toBe(false);
    expect(box(OLD).verifyMac('cursor', 'data', mac)).toBe(false);
    expect(box(OLD).verifyMac('device', 'date', mac)).toBe(false);
  });

  it('takes only the one canonical text of a code', () => {
    const mac = box(NEW).mac('device', 'data');
    for (const text of ['', mac.slice(0, -1), `${mac}=`, `${mac}A`, ` ${mac}`, `${mac}\n`]) {
      expect(box(NEW).verifyMac('device', 'data', text)).toBe(false);
    }
  });

  it('does not exist without a secret', () => {
    expect(() => box()).toThrow('at least one secret');
  });
});

describe('A one-time token', () => {
  it('has 256 random bits and a hash that the database can look for', () => {
    const { token, hash } = newToken();
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(hashToken(token)).toBe(hash);
    expect(newToken().token).not.toBe(token);
  });

  it('is hashed with SHA-256', () => {
    expect(hashToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
