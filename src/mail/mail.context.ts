import Handlebars from 'handlebars';
import type { Config } from '../config/config.js';
import { oneLine, parseMailbox } from './mail.address.js';
import type { MailSurroundings, MailValue } from './mail.data.js';
import type { MailFormat } from './mail.template-files.js';
import { ServiceText, withoutAddresses } from './mail.text.js';

/**
 * What a template is filled in with: every value on one line, and text that somebody wrote without what a mail program
 * could make a link of. The data may have a `name` of its own; it hides no other surrounding.
 */
export function contextOf(
  kind: MailFormat,
  data: Readonly<Record<string, MailValue>>,
  { name, ...surroundings }: MailSurroundings & { readonly locale: string },
): object {
  const shown = Object.entries({ name, ...data }).map(([key, value]) => [key, show(kind, value)]);
  const links = { forgotPasswordLink: link(kind, surroundings.forgotPasswordLink) };
  return { ...Object.fromEntries(shown), ...surroundings, ...links };
}

/** Times stay times, for the helper that writes them. */
function show(kind: MailFormat, value: MailValue): unknown {
  if (value instanceof URL) return link(kind, value);
  if (value instanceof ServiceText) return oneLine(value.text);
  if (typeof value === 'string') return withoutAddresses(value);
  return Array.isArray(value) ? value.map(withoutAddresses) : value;
}

/**
 * A link in its own characters. Handlebars would write `=` as `&#x3D;`, and relays that count clicks look for links in
 * the source without decoding entities. Of a web address the serializer (WHATWG URL, 4.5) leaves nothing that means
 * something to HTML but `'` and `&`; the links of this service have neither.
 * @throws Error for a link that is no web address, which the serializer would not make safe
 */
function link(kind: MailFormat, { href, protocol }: URL): unknown {
  if (protocol !== 'https:' && protocol !== 'http:')
    throw new Error(`A link in a mail must not begin with ${protocol}`);
  return kind === 'text' ? href : new Handlebars.SafeString(href.replaceAll('&', '&amp;').replaceAll("'", '%27'));
}

/** What the service calls itself towards people: the sender's name, or else where it is. */
export function productName(config: Pick<Config, 'mailFrom' | 'appUrl'>): string {
  const { name } = parseMailbox(config.mailFrom);
  return name || (config.appUrl === null ? 'Iam' : new URL(config.appUrl).host);
}
