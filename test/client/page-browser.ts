/** As much of a browser as pages without scripts need: cookies by their path, forms and redirects. */
export class PageBrowser {
  readonly cookies = new Map<string, { readonly value: string; readonly path: string }>();

  constructor(readonly url: string) {}

  /** Goes to a page. */
  go(path: string): Promise<{ status: number; path: string; text: string }> {
    return this.send(path, {});
  }

  /** Sends a form, and goes where that leads. */
  submit(path: string, form: Record<string, string>): Promise<{ status: number; path: string; text: string }> {
    return this.send(path, { method: 'POST', body: new URLSearchParams(form) });
  }

  private async send(path: string, init: RequestInit): Promise<{ status: number; path: string; text: string }> {
    const sent = [...this.cookies].filter(([, cookie]) => path.startsWith(cookie.path));
    const cookie = sent.map(([name, { value }]) => `${name}=${value}`).join('; ');
    const headers = { 'sec-fetch-site': 'same-origin', ...(cookie && { cookie }) };
    const response = await fetch(this.url + path, { ...init, headers, redirect: 'manual' });
    for (const text of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, { value, path: /path=([^;]*)/i.exec(text)?.[1] ?? '/' });
    }
    const location = response.headers.get('location');
    return location === null ? { status: response.status, path, text: await response.text() } : this.go(location);
  }
}
