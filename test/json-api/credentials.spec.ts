import { describe, expect, it } from '@jest/globals';
import { newApiKey } from '../../src/api-keys/api-key-format.js';
import { maskCredentials } from '../../src/json-api/http/http.js';

const KEY = newApiKey();
const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl-_';

describe('A text of a client', () => {
  it.each([
    [`Deploy/1.0 (${KEY})`, 'Deploy/1.0 ({token})'],
    [`${KEY} and ${KEY}x`, '{token} and {token}'],
    [`x${KEY.slice(0, -3)}`, 'x{token}'],
    [`Bearer ${JWT}`, 'Bearer {token}'],
    [`{"reason":"${JWT}"}`, '{"reason":"{token}"}'],
  ])('has its credentials masked: %s', (text, masked) => {
    expect(maskCredentials(text)).toBe(masked);
  });

  it.each(['curl/8.17.0', 'iam_accounts_email_key', 'iam_3fQz…k7Xb', 'eyJ.a.b', 'heyJude.somewhere.nowhere', ''])(
    'without one stays as it is: %j',
    (text) => {
      expect(maskCredentials(text)).toBe(text);
    },
  );

  it.each(['eyJ', 'iam_', 'iam_aaaaaaaaaaaaaaaaaaaaaaa_', 'eyJaaaaaaaaaa.', '.eyJaaaaaaaaaa'])(
    'of a megabyte is read in a moment: many of %s',
    (part) => {
      const text = part.repeat(1_000_000 / part.length);
      const start = performance.now();
      maskCredentials(text);
      expect(performance.now() - start).toBeLessThan(1_000);
    },
  );
});
