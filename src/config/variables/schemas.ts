import { isIP } from 'node:net';
import { getPublicSuffix } from 'tldts';
import { z } from 'zod';

/*
 * Schemas for texts of the environment and of the command line. Each message completes the sentence "NAME …", such as
 * "must be a whole number from 0 to 65535".
 */

/** Any text on one line. */
export const line = z.string().regex(/^[^\u0000-\u001f\u007f]*$/, 'must not contain control characters');

/** A whole number between two bounds, both included. */
export function integer(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, error)
    .transform(Number)
    .pipe(z.number().min(min, error).max(max, error));
}

/** `true` or `false`. */
export const boolean = z.stringbool({
  truthy: ['true'],
  falsy: ['false'],
  case: 'sensitive',
  error: 'must be true or false',
});

/** One word of a fixed list. */
export function oneOf<const Word extends string>(...words: readonly Word[]) {
  return z.enum(words, `must be one of ${words.join(', ')}`);
}

/** A comma list of at least one item; blanks around the items do not count. */
export function list<Item extends z.ZodType<unknown, string>>(item: Item) {
  const items = z.array(z.string().trim().min(1, 'must be a comma list without empty items').pipe(item));
  return z
    .string()
    .transform((text) => text.split(','))
    .pipe(items)
    .readonly();
}

/**
 * A URL of one of the given schemes, kept as it was written. A `#`, `/`, `?` or `%` of a password that is not
 * percent-encoded (RFC 3986) would move the host, or cut the password, without an error of the URL's own.
 */
export function url(...schemes: readonly string[]) {
  const starts = schemes.map((scheme) => `${scheme}://`);
  return z
    .string()
    .refine((text) => starts.some((start) => text.toLowerCase().startsWith(start)), {
      error: `must be a URL that starts with ${starts.join(' or ')}`,
      abort: true,
    })
    .refine(isEncoded, {
      error: ({ input }) =>
        String(input).includes('@')
          ? 'must have user and password percent-encoded: # as %23, / as %2F, ? as %3F, % as %25, @ as %40'
          : 'must be a URL with a host, and without a #',
    });
}

/** Whether nothing of the credentials was taken for another part of the URL. */
function isEncoded(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, pathname, search, hash } = new URL(text);
  const misplaced = username === '' && `${pathname}${search}`.includes('@');
  return hash === '' && !misplaced && decode(username) !== null && decode(password) !== null;
}

const isHttp = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

/** An http(s) address that paths are appended to: no query, fragment or credentials; trailing slashes are dropped. */
export const baseUrl = z
  .string()
  .refine((text) => {
    const { search, hash, username, password } = isHttp(text) ? new URL(text) : { search: '?' };
    return !search && !hash && !username && !password;
  }, 'must be an http:// or https:// URL without query, fragment and credentials')
  .transform((text) => new URL(text).href.replace(/\/+$/, ''));

/** What stands for the token in the template of a link. */
export const TOKEN_PLACEHOLDER = '{token}';

/** An http(s) address in which `{token}` stands for a token: in its path, its query or its fragment. */
export const linkTemplate = line.refine((text) => {
  const [plain, ...more] = ['a', 'b'].map((token) => text.replaceAll(TOKEN_PLACEHOLDER, token));
  if (plain === undefined || !text.includes(TOKEN_PLACEHOLDER) || ![plain, ...more].every(isHttp)) return false;
  const { origin, username, password } = new URL(plain);
  return !username && !password && more.every((other) => new URL(other).origin === origin);
}, `must be an http:// or https:// URL with ${TOKEN_PLACEHOLDER} in its path, query or fragment, such as https://app.example.com/join?token=${TOKEN_PLACEHOLDER}`);

/** An http(s) address without credentials, in the spelling of the URL standard. */
export const returnUrl = line
  .refine((text) => {
    const { username, password } = isHttp(text) ? new URL(text) : { username: '?', password: '' };
    return !username && !password && !text.includes('*');
  }, 'must list http:// or https:// URLs such as https://shop.example.com/signed-in, without wildcards')
  .transform((text) => new URL(text).href);

/** An https address of an image, or a path at the own origin. */
export const imageUrl = line
  .refine((text) => {
    const isPath = /^\/(?![/\\])/.test(text);
    if (!isPath && !/^https:\/\//i.test(text)) return false;
    if (/[\s"';,\\]/.test(text) || !URL.canParse(text, 'https://example.com')) return false;
    const { username, password } = new URL(text, 'https://example.com');
    return !username && !password;
  }, 'must be an https:// URL such as https://cdn.example.com/logo.png, or a path such as /logo.png')
  .transform((text) => (text.startsWith('/') ? text : new URL(text).href));

/** A web origin (RFC 6454): scheme, host and port, nothing after them. */
export const origin = z
  .string()
  .refine(
    (text) => isHttp(text) && new URL(text).origin === text && !text.includes('*'),
    'must list origins such as https://app.example.com, without paths and wildcards',
  );

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const DOMAIN = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`);

/** A domain below the public suffixes (RFC 1123, in ASCII and lower case), or a single name such as localhost. */
export const domain = line
  .transform((text) => text.toLowerCase())
  .refine(
    (text) =>
      DOMAIN.test(text) &&
      isIP(text) === 0 &&
      (!text.includes('.') || getPublicSuffix(text, { allowPrivateDomains: true }) !== text),
    'must be a domain such as example.com, without scheme and port, and no public suffix such as co.uk',
  );

const header = line.transform((pair, context): [name: string, value: string] => {
  const [, name, text = '%'] = /^([!#$%&'*+.^_`|~\w-]+)\s*=\s*(.*)$/.exec(pair) ?? [];
  const value = decode(text);
  if (name !== undefined && value !== null && !/[^\t\u0020-\u007e]/.test(value)) return [name.toLowerCase(), value];
  const message = 'must be a comma list of headers such as api-key=secret, with percent-encoded values';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** Headers of HTTP as OpenTelemetry writes them: `name=value,name=value`, each value percent-encoded (W3C Baggage). */
export const headers = list(header).transform((pairs): Readonly<Record<string, string>> =>
  Object.freeze(Object.fromEntries(pairs)),
);

/** An IP address, or a block of them in CIDR notation (RFC 4632). */
export const addressBlock = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  'must list IP addresses or CIDR blocks such as 10.0.0.0/8',
);

/** A path prefix, given with or without slashes around it: empty, or one leading slash and none at the end. */
export const pathPrefix = z
  .string()
  .transform((text) => text.replace(/^\/+|\/+$/g, ''))
  .refine(
    (path) => path === '' || path.split('/').every((segment) => /^(?!\.+$)[\w~.-]+$/.test(segment)),
    'must be a path such as api/v1/iam, of letters, digits and -._~',
  )
  .transform((path) => (path === '' ? '' : `/${path}`));

const EMAIL = 'must be an e-mail address such as admin@example.com';

/** An e-mail address; only its rough form is checked. */
export const email = z.email({ pattern: /^[^\s@<>,;]+@[^\s@<>,;]+$/, error: EMAIL }).max(254, EMAIL);

/**
 * The name of a sender such as `Iam <no-reply@example.com>`, empty where there is none, and the address, which is not
 * checked; null for text of another form.
 */
export function splitMailbox(text: string): { name: string; address: string } | null {
  const match = /^\s*(?:"?([^"<>]*?)"?\s*<([^<>]+)>|(\S+))\s*$/u.exec(text);
  return match && { name: match[1] ?? '', address: match[2] ?? match[3] ?? '' };
}

/** A sender (RFC 5322 mailbox): an address, or a name and the address in angle brackets. */
export const mailbox = line.refine(
  (text) => email.safeParse(splitMailbox(text)?.address).success,
  'must be a sender such as Iam <no-reply@example.com>',
);

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
