import type { TestApp } from '../support/app.js';
import { open, type PageRequest, type PageResult } from './page-client.js';
import { cookieHeader, cookiesIn } from '../sign-in/browser.js';

/** As much of a browser without scripts as the pages need: it keeps cookies, sends forms of its own site, and can follow redirects. */
export class PageBrowser {
  private readonly jar = new Map<string, { value: string; path: string }>();

  constructor(private readonly app: TestApp) {}

  /** One request; redirects are not followed. */
  async send(path: string, { form, headers = {} }: PageRequest = {}): Promise<PageResult> {
    const cookie = cookieHeader(this.cookiesFor(path));
    const sent = {
      'sec-fetch-site': 'same-origin',
      ...(form && { origin: 'null' }),
      ...(cookie && { cookie }),
      ...headers,
    };
    const page = await open(this.app, path, { ...(form && { form }), headers: sent });
    for (const [name, { value, attributes }] of Object.entries(cookiesIn(page.headers))) {
      if (attributes['max-age'] === '0') this.jar.delete(name);
      else this.jar.set(name, { value, path: String(attributes['path']) });
    }
    return page;
  }

  /** One request and those that it redirects to on this site; a form is sent on by 307 only. */
  async go(path: string, request: PageRequest = {}): Promise<PageResult & { readonly path: string }> {
    let [at, next] = [path, request];
    for (let hops = 0; hops < 10; hops++) {
      const page = await this.send(at, next);
      const location = page.headers.get('location');
      if (location === null || !location.startsWith('/')) return { ...page, path: at };
      at = location;
      if (page.status !== 307) next = { ...(request.headers && { headers: request.headers }) };
    }
    throw new Error(`${path} redirects without end`);
  }

  /** Signs in on the page. */
  signIn({ email, password }: { readonly email: string; readonly password: string }): Promise<PageResult> {
    return this.send('/sign-in/password', { form: { email, password } });
  }

  cookie(name: string): string | undefined {
    return this.jar.get(name)?.value;
  }

  /** Deletes a cookie, as a browser does when it expires. */
  expire(name: string): void {
    this.jar.delete(name);
  }

  private cookiesFor(path: string): Record<string, string> {
    const sent = [...this.jar].filter(([, cookie]) => path.startsWith(cookie.path));
    return Object.fromEntries(sent.map(([name, { value }]) => [name, value]));
  }
}
