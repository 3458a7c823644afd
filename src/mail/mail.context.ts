import type { Config } from '../config/config.js';
import { oneLine, parseMailbox } from './mail.address.js';
import { handlebars, type TemplateFormat } from '../templates/template.compiler.js';
import type { MailSurroundings, MailValue } from './mail.data.js';
import { ServiceText, withoutAddresses } from './mail.text.js';

/**
 * The context of a template: every value on one line, and user-written text without anything that a mail client would
 * turn into a link. The data may replace `name`, but no other value of the surroundings.
 */
export function contextOf(
  kind: TemplateFormat,
  data: Readonly<Record<string, MailValue>>,
  { name, ...surroundings }: MailSurroundings & { readonly locale: string },
): object {
  const shown = Object.entries({ name, ...data }).map(([key, value]) => [key, show(kind, value)]);
  const { forgotPasswordLink, logo } = surroundings;
  const links = { forgotPasswordLink: link(kind, forgotPasswordLink), logo: logo && link(kind, logo) };
  return { ...Object.fromEntries(shown), ...surroundings, ...links };
}

/** Dates are kept for the `date` helper. */
function show(kind: TemplateFormat, value: MailValue): unknown {
  if (value instanceof URL) return link(kind, value);
  if (value instanceof ServiceText) return oneLine(value.text);
  if (typeof value === 'string') return withoutAddresses(value);
  return Array.isArray(value) ? value.map(withoutAddresses) : value;
}

/**
 * A link without HTML entities. Handlebars would write `=` as `&#x3D;`, and relays that count clicks search the source
 * for links without decoding entities. In a serialized web URL (WHATWG URL, 4.5) only `'` and `&` are special in HTML;
 * the links of this service have neither.
 * @throws Error for a link that is not http(s), which URL serialization does not make safe
 */
function link(kind: TemplateFormat, { href, protocol }: URL): unknown {
  if (protocol !== 'https:' && protocol !== 'http:')
    throw new Error(`A link in a mail must not begin with ${protocol}`);
  return kind === 'text' ? href : new (handlebars().SafeString)(href.replaceAll('&', '&amp;').replaceAll("'", '%27'));
}

/** The product name in mails and pages: that of `BRAND_NAME`, the sender's name, or else the host. */
export function productName(config: Pick<Config, 'brandName' | 'mailFrom' | 'appUrl'>): string {
  if (config.brandName !== null) return config.brandName;
  const { name } = parseMailbox(config.mailFrom);
  return name || (config.appUrl === null ? 'Iam' : new URL(config.appUrl).host);
}
