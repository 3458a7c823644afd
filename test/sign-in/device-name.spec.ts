import { describe, expect, it } from '@jest/globals';
import { deviceName } from '../../src/sign-in/device-name.js';

const KHTML = 'AppleWebKit/537.36 (KHTML, like Gecko)';

describe('The name of a device', () => {
  it.each([
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:147.0) Gecko/20100101 Firefox/147.0', 'Firefox, Windows'],
    [`Mozilla/5.0 (X11; Linux x86_64) ${KHTML} Chrome/156.0.0.0 Safari/537.36`, 'Chrome, Linux'],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${KHTML} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0`,
      'Edge, Windows',
    ],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${KHTML} Chrome/156.0.0.0 Safari/537.36`, 'Chrome, ChromeOS'],
    [
      `Mozilla/5.0 (Linux; Android 16; K) ${KHTML} SamsungBrowser/30.0 Chrome/150.0 Mobile Safari/537.36`,
      'Samsung Internet, Android',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
      'Safari, iOS',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
      'Safari, macOS',
    ],
    ['curl/8.5.0', 'curl 8.5.0'],
    ['python-requests/2.32', 'python-requests 2.32'],
    ['', ''],
    [null, ''],
  ])('behind %j is %j', (userAgent, name) => {
    expect(deviceName(userAgent)).toBe(name);
  });

  it.each([
    'evil.example.com/1.0',
    'https://evil.example.com/1.0',
    'Your account is locked, call +1 555 0100',
    'a/b',
    `${'a'.repeat(100)}/1`,
    'Firefox\r\nCall us',
  ])('never repeats %j', (userAgent) => {
    expect(deviceName(userAgent)).toBe('');
  });
});
