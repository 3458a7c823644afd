import { createHash, randomUUID } from 'node:crypto';
import type { TestApp } from '../support/app.js';
import { type ApiClient, type ApiResponse, as, document } from '../support/client.js';
import type { FakeProvider } from '../support/fake-provider.js';

/** A client's PKCE pair. */
export const VERIFIER = 'v'.repeat(43);
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
/** An address of a front end, at APP_URL of the tests. */
export const RETURN_TO = 'https://app.example.com/signed-in';

/** A browser without pages: it keeps cookies, whatever their path, and follows no redirect by itself. */
export class Browser {
  readonly cookies = new Map<string, string>();

  constructor(private readonly app: TestApp) {}

  async go(
    address: string,
    options: { form?: Record<string, string> } = {},
  ): Promise<{ status: number; location: string; text: string }> {
    const { pathname, search } = new URL(address, this.app.url);
    const response = await fetch(this.app.url + pathname + search, {
      method: options.form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: {
        cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        origin: this.app.url,
      },
      ...(options.form && { body: new URLSearchParams(options.form) }),
    });
    for (const set of response.headers.getSetCookie()) {
      const [pair = ''] = set.split(';');
      const [name = '', value = ''] = pair.split('=');
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return { status: response.status, location: response.headers.get('location') ?? '', text: await response.text() };
  }
}

/** Begins a round trip: the address at the provider that the browser is sent to. */
export async function begin(browser: Browser, slug: string, query: Record<string, string> = API): Promise<string> {
  const { status, location, text } = await browser.go(`/auth/sso/${slug}?${new URLSearchParams(query).toString()}`);
  if (status !== 303) throw new Error(`The round trip did not begin: ${status} ${text}`);
  return location;
}

/** The query of a front end, and of a page of the service. */
export const API = { return_to: RETURN_TO, code_challenge: CHALLENGE };
export const PAGE = { return_to: '/account' };

/** A whole round trip: where it leads. */
export async function roundTrip(
  browser: Browser,
  provider: FakeProvider,
  slug: string,
  query: Record<string, string> = API,
): Promise<URL> {
  const back = provider.visit(await begin(browser, slug, query));
  const { location } = await browser.go(back);
  return new URL(location, RETURN_TO);
}

/** What a round trip of a front end ends with: a code, or the name of an error. */
export const outcome = (url: URL): string =>
  url.searchParams.get('error') ?? (url.searchParams.has('code') ? 'code' : url.href);

/** Exchanges the code of an address. */
export const exchange = (app: TestApp, url: URL, verifier = VERIFIER, token?: string): Promise<ApiResponse> =>
  as(app, token).post('/auth/sso/exchange', { code: url.searchParams.get('code') ?? '', code_verifier: verifier });

/** Creates a provider as an admin does, and gives its slug and id. */
export async function newProvider(
  root: ApiClient,
  provider: FakeProvider,
  changes: Record<string, unknown> = {},
): Promise<{ slug: string; id: string; domain: string }> {
  const slug = `p-${randomUUID()}`;
  const domain = `${randomUUID()}.example.com`;
  const base = { slug, name: 'Acme', kind: 'oidc', issuer: provider.issuer, client_id: 'iam', domains: [domain] };
  const made = await root.post('/identity_providers', document('iam:identity_providers', { ...base, ...changes }));
  if (made.status !== 200) throw new Error(made.text);
  return { slug, domain, id: made.body.data.id };
}
