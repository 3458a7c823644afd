import type { TestApp } from '../support/app.js';
import { send, type ApiResponse, type RequestOptions } from '../support/client.js';

/** One `Set-Cookie` header: its value, and its attributes in lower case; those without a value are `true`. */
export interface SetCookie {
  readonly value: string;
  readonly attributes: Readonly<Record<string, string | true>>;
}

/** The cookies that an answer sets, by name. */
export const cookiesOf = ({ headers }: ApiResponse): Record<string, SetCookie> => cookiesIn(headers);

/** The cookies that headers set, by name. */
export function cookiesIn(headers: Headers): Record<string, SetCookie> {
  return Object.fromEntries(
    headers.getSetCookie().map((header) => {
      const [pair = '', ...rest] = header.split('; ');
      const attributes = rest.map((attribute): [string, string | true] => {
        const [name = '', value] = attribute.split('=');
        return [name.toLowerCase(), value ?? true];
      });
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      return [name, { value, attributes: Object.fromEntries(attributes) }];
    }),
  );
}

/** A `Cookie` header. */
export const cookieHeader = (cookies: Readonly<Record<string, string>>): string =>
  Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');

/** As much of a browser as cookies need: it keeps what answers set, and sends it to the paths that it was set for. */
export class Browser {
  private readonly jar = new Map<string, { value: string; path: string }>();

  constructor(private readonly app: TestApp) {}

  async send(method: string, path: string, options: RequestOptions = {}): Promise<ApiResponse> {
    const cookie = cookieHeader(this.cookiesFor(path));
    const headers = { ...(cookie !== '' && { cookie }), ...options.headers };
    const response = await send(this.app, method, path, { ...options, headers });
    for (const [name, { value, attributes }] of Object.entries(cookiesOf(response))) {
      if (attributes['max-age'] === '0') this.jar.delete(name);
      else this.jar.set(name, { value, path: String(attributes['path']) });
    }
    return response;
  }

  /** Signs in with cookies. */
  async signIn({ email, password }: { email: string; password: string }): Promise<ApiResponse> {
    return this.send('POST', '/auth/login', { body: { email, password, cookie: true } });
  }

  /** The value of a cookie that is kept. */
  cookie(name: string): string | undefined {
    return this.jar.get(name)?.value;
  }

  /** The cookies that a request for this path carries. */
  cookiesFor(path: string): Record<string, string> {
    const sent = [...this.jar].filter(([, cookie]) => path.startsWith(cookie.path));
    return Object.fromEntries(sent.map(([name, { value }]) => [name, value]));
  }
}
