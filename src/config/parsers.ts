import { isIP } from 'node:net';

/**
 * Turns the text of a variable into its value. Throws an `Error` whose message completes the sentence
 * "NAME …", such as "must be a whole number from 0 to 65535".
 */
export type Parser<Value> = (text: string) => Value;

const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;

/** Any text on one line. */
export const line: Parser<string> = (text) => {
  if (CONTROL_CHARACTERS.test(text)) throw new Error('must not contain control characters');
  return text;
};

/** A whole number between two bounds, both included. */
export function integer(least: number, most: number): Parser<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) throw new Error(`must be a whole number from ${least} to ${most}`);
    return value;
  };
}

export const boolean: Parser<boolean> = (text) => {
  if (text !== 'true' && text !== 'false') throw new Error('must be true or false');
  return text === 'true';
};

/** One word of a fixed list. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Parser<Word> {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw new Error(`must be one of ${words.join(', ')}`);
    return word;
  };
}

/** A comma list; blanks around the items do not count, and empty items are refused. */
export function list<Item>(item: Parser<Item>): Parser<readonly Item[]> {
  return (text) =>
    text.split(',').map((part) => {
      if (part.trim() === '') throw new Error('must be a comma list without empty items');
      return item(part.trim());
    });
}

/**
 * A URL of one of the given schemes, kept as it was written. A `#`, `/`, `?` or `%` of a password that is not
 * percent-encoded (RFC 3986) would move the host, or cut the password, without an error of the URL's own.
 */
export function url(...schemes: readonly string[]): Parser<string> {
  return (text) => {
    if (!schemes.some((scheme) => text.toLowerCase().startsWith(`${scheme}://`))) {
      throw new Error(`must be a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`);
    }
    const parsed = parseUrl(text);
    if (parsed && isEncoded(parsed)) return text;
    const mayBeCredentials = text.includes('@');
    throw new Error(
      mayBeCredentials
        ? 'must have user and password percent-encoded: # as %23, / as %2F, ? as %3F, % as %25, @ as %40'
        : 'must be a URL with a host, and without a #',
    );
  };
}

/** Whether nothing of the credentials was taken for another part of the URL. */
function isEncoded({ username, password, pathname, search, hash }: URL): boolean {
  const misplaced = username === '' && `${pathname}${search}`.includes('@');
  return hash === '' && !misplaced && decode(username) !== null && decode(password) !== null;
}

/** An http(s) address that paths are appended to: no query, fragment or credentials; trailing slashes are dropped. */
export const baseUrl: Parser<string> = (text) => {
  const parsed = parseUrl(text);
  const plain = parsed && !parsed.search && !parsed.hash && !parsed.username && !parsed.password;
  if (!plain || !/^https?:$/.test(parsed.protocol)) {
    throw new Error('must be an http:// or https:// URL without query, fragment and credentials');
  }
  return parsed.href.replace(/\/+$/, '');
};

/** A web origin (RFC 6454): scheme, host and port, nothing after them. */
export const origin: Parser<string> = (text) => {
  const parsed = parseUrl(text);
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.origin !== text || text.includes('*')) {
    throw new Error('must list origins such as https://app.example.com, without paths and wildcards');
  }
  return text;
};

/** Headers of HTTP as OpenTelemetry writes them: `name=value,name=value`, each value percent-encoded (W3C Baggage). */
export const headers: Parser<Readonly<Record<string, string>>> = (text) =>
  Object.fromEntries(
    list(line)(text).map((pair) => {
      const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+)\s*=\s*(.*)$/.exec(pair) ?? [];
      const decoded = value === undefined ? null : decode(value);
      if (name === undefined || decoded === null || /[^\t\u0020-\u007e]/.test(decoded)) {
        throw new Error('must be a comma list of headers such as api-key=secret, with percent-encoded values');
      }
      return [name.toLowerCase(), decoded];
    }),
  );

/** An IP address, or a block of them in CIDR notation (RFC 4632). */
export const addressBlock: Parser<string> = (text) => {
  const [address = '', length, ...rest] = text.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  const lengthFits = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
  if (!isIP(address) || !lengthFits || rest.length > 0) {
    throw new Error('must list IP addresses or CIDR blocks such as 10.0.0.0/8');
  }
  return text;
};

/** A path prefix, given with or without slashes around it: empty, or one leading slash and none at the end. */
export const pathPrefix: Parser<string> = (text) => {
  const segments = text.replace(/^\/+|\/+$/g, '').split('/');
  if (segments.length === 1 && segments[0] === '') return '';
  if (segments.some((segment) => !/^[\w~.-]+$/.test(segment) || /^\.+$/.test(segment))) {
    throw new Error('must be a path such as api/v1/iam, of letters, digits and -._~');
  }
  return `/${segments.join('/')}`;
};

/** An e-mail address; only its rough form is looked at. */
export const email: Parser<string> = (text) => {
  if (text.length > 254 || !/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(text)) {
    throw new Error('must be an e-mail address such as admin@example.com');
  }
  return text;
};

/** A sender (RFC 5322 mailbox): an address, or a name and the address in angle brackets. */
export const mailbox: Parser<string> = (text) => {
  const [, address] = /^[^<>]*<([^<>]+)>$/.exec(line(text)) ?? [text, text];
  try {
    email(address ?? '');
  } catch {
    throw new Error('must be a sender such as Iam <no-reply@example.com>');
  }
  return text;
};

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
