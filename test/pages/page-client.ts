import type { TestApp } from '../support/app.js';

/** An answer as a browser without scripts gets it. */
export interface PageResult {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  /** Text without markup, on one line. */
  readonly text: string;
}

export interface PageRequest {
  /** Sends these fields as a form. */
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Opens a page, or sends a form to it. Redirections are not followed. */
export async function open(app: TestApp, path: string, { form, headers = {} }: PageRequest = {}): Promise<PageResult> {
  const response = await fetch(app.url + path, {
    redirect: 'manual',
    headers,
    ...(form !== undefined && { method: 'POST', body: new URLSearchParams(form) }),
  });
  const html = await response.text();
  return { status: response.status, headers: response.headers, html, text: textOf(html) };
}

/** The value of a field, as it stands in the page; undefined when there is no such field. */
export function valueOf({ html }: PageResult, name: string): string | undefined {
  return new RegExp(`<input [^>]*\\bname="${name}"[^>]*\\bvalue="([^"]*)"`).exec(html)?.[1];
}

/** What stands beside a field about what is wrong with it. */
export function fieldErrors({ html }: PageResult, name: string): string[] {
  const [, list = ''] = new RegExp(`<ul class="error" id="${name}-error">(.*?)</ul>`).exec(html) ?? [];
  return [...list.matchAll(/<li[^>]*>(.*?)<\/li>/g)].map(([, item = '']) => item);
}

function textOf(html: string): string {
  return html
    .replace(/<(style|script)>[^]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
