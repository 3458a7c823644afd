import { expect, it } from '@jest/globals';
import { crossSiteWarnings } from '../../src/config/own-url.js';

/** The origins that the start warns of. */
const warned = (appUrl: string | null, ...corsOrigins: string[]): string[] =>
  crossSiteWarnings({ appUrl, corsOrigins, host: '127.0.0.1', port: 3000 }).map(
    (warning) => /names (\S+), which is another site/.exec(warning)?.[1] ?? warning,
  );

it.each<[string, string | null, string]>([
  ['another subdomain', 'https://app.example.com', 'https://admin.example.com'],
  ['another port', 'https://app.example.com', 'https://app.example.com:8443'],
  ['a subdomain below a public suffix of two labels', 'https://app.example.co.uk', 'https://admin.example.co.uk'],
  ['another port of this machine', null, 'http://localhost:5173'],
])('the start is silent about an origin that is %s', (_, appUrl, origin) => {
  expect(warned(appUrl, origin)).toEqual([]);
});

it.each<[string, string | null, string]>([
  ['another domain', 'https://app.example.com', 'https://example.org'],
  ['another scheme', 'https://app.example.com', 'http://app.example.com'],
  ['another customer of a hoster', 'https://acme.github.io', 'https://other.github.io'],
  ['another domain below a public suffix of two labels', 'https://app.co.uk', 'https://other.co.uk'],
  ['another name of this machine', null, 'http://127.0.0.1:5173'],
])('the start warns of an origin that is %s', (_, appUrl, origin) => {
  expect(warned(appUrl, origin)).toEqual([origin]);
});
