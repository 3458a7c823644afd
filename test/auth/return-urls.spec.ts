import { describe, expect, it } from '@jest/globals';
import { ReturnUrls } from '../../src/auth/return-urls.js';

const APP = 'https://app.example.com';
const SHOP = 'https://shop.example.com:8443/signed-in?from=iam';

/** Where a `return_to` leads; null where it is not allowed. */
function resolve(returnTo: string, appUrl: string | null = APP, returnUrls: readonly string[] = [SHOP]): string | null {
  const config = { appUrl, host: '127.0.0.1', port: 3000, publicPath: '', returnUrls };
  return new ReturnUrls(config).resolve(returnTo)?.href ?? null;
}

describe('A return_to', () => {
  it.each([
    ['/projects?a=b#c', `${APP}/projects?a=b#c`],
    ['projects', `${APP}/projects`],
    ['', `${APP}/`],
    ['?a=b', `${APP}/?a=b`],
    [`${APP}/projects`, `${APP}/projects`],
    ['HTTPS://APP.EXAMPLE.COM:443/a', `${APP}/a`],
    // Relative to an address of the same scheme.
    ['https:evil.example', `${APP}/evil.example`],
    ['https:/evil.example', `${APP}/evil.example`],
    ['/search?q=a b', `${APP}/search?q=a%20b`],
    ['/a?next=https://evil.example', `${APP}/a?next=https://evil.example`],
    ['/..//evil.example', `${APP}//evil.example`],
    [SHOP, SHOP],
  ])('leads to APP_URL or to one of RETURN_URLS: %s', (returnTo, url) => {
    expect(resolve(returnTo)).toBe(url);
  });

  it.each([
    ['another site', 'https://evil.example/'],
    ['two slashes', '//evil.example'],
    ['three slashes', '///evil.example'],
    ['two backslashes', '\\\\evil.example'],
    ['a slash and a backslash', '/\\evil.example'],
    ['a backslash and a slash', '\\/evil.example'],
    ['a backslash in the path', '/a\\b'],
    ['a tab between slashes', '/\t/evil.example'],
    ['a line break between slashes', '/\n/evil.example'],
    ['a carriage return before slashes', '\r//evil.example'],
    ['a line break for a header', '/a\r\nSet-Cookie: a=b'],
    ['a tab in a scheme', 'java\tscript:alert(1)'],
    ['a null byte', '/a\0'],
    ['a blank before slashes', ' //evil.example'],
    ['the host as a user', 'https://app.example.com@evil.example/'],
    ['the host as user and password', 'https://app.example.com:443@evil.example/'],
    ['a user in front of the host', 'https://user@app.example.com/'],
    ['a password in front of the host', 'https://:password@app.example.com/'],
    ['an encoded at sign', 'https://app.example.com%40evil.example/'],
    ['an encoded slash in the host', 'https://app.example.com%2f@evil.example/'],
    ['the host as a subdomain', 'https://app.example.com.evil.example/'],
    ['the host as an ending', 'https://evilapp.example.com/'],
    ['a subdomain', 'https://sub.app.example.com/'],
    ['a dot behind the host', 'https://app.example.com./'],
    ['another port', 'https://app.example.com:8443/'],
    ['another scheme of the web', 'http://app.example.com/'],
    ['a script', 'javascript:alert(1)//https://app.example.com'],
    ['data', 'data:text/html,<script>alert(1)</script>'],
    ['a blob of the same origin', 'blob:https://app.example.com/a'],
    ['a file', 'file:///etc/passwd'],
    ['a WebSocket', 'wss://app.example.com/'],
    ['a scheme of an app', 'com.example.app:/signed-in'],
    ['no URL', 'https://'],
    ['a look-alike host', 'https://аpp.example.com/'],
    ['more than 2,048 characters', `/${'a'.repeat(2_048)}`],
    ['a listed address with another query', 'https://shop.example.com:8443/signed-in?from=evil'],
    ['a listed address without its query', 'https://shop.example.com:8443/signed-in'],
    ['a listed address with a fragment', `${SHOP}#a`],
    ['a listed address with more behind it', `${SHOP}/../../evil`],
    ['another page of a listed origin', 'https://shop.example.com:8443/'],
  ])('is rejected: %s', (_, returnTo) => {
    expect(resolve(returnTo)).toBeNull();
  });

  it('does not come through by decoding', () => {
    const paths = ['/%2f%2fevil.example', '/%5c%5cevil.example', '%2f%2fevil.example', '/%09/evil.example'];
    expect(paths.map((path) => new URL(resolve(path) ?? 'a:').origin)).toEqual(Array(4).fill(APP));
  });

  it('is resolved below the path of APP_URL, whose whole origin it may name', () => {
    expect(resolve('account', `${APP}/iam`)).toBe(`${APP}/iam/account`);
    expect(resolve('/elsewhere', `${APP}/iam`)).toBe(`${APP}/elsewhere`);
  });

  it("is resolved against the service's own address without APP_URL", () => {
    expect(resolve('/account', null)).toBe('http://localhost:3000/account');
    expect(resolve('http://127.0.0.1:3000/account', null)).toBeNull();
  });
});
