import type { Fault, FaultList } from '../document/errors.js';
import { LIMITS } from '../limits.js';

/** One query parameter: `filter[org][]=a` is base `filter`, path `['org', '']`. */
export interface Parameter {
  /** The decoded name, exactly as sent. */
  readonly name: string;
  readonly base: string;
  readonly path: readonly string[];
  readonly value: string;
}

const NAME = /^([^[\]]+)((?:\[[^[\]]*\])*)$/;

/** The fault of a query parameter; `name` is its name as sent. */
export const parameterFault = (name: string, detail: string): Fault => ({
  code: 'invalid_parameter',
  detail,
  source: { parameter: name },
});

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function parsePair(pair: string, faults: FaultList): Parameter | undefined {
  const equals = pair.indexOf('=');
  const rawName = equals < 0 ? pair : pair.slice(0, equals);
  const name = decode(rawName);
  const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
  const [, base, brackets = ''] = NAME.exec(name ?? '') ?? [];
  if (name === undefined || value === undefined || base === undefined) {
    faults.push(parameterFault(name ?? rawName, 'The parameter is not readable: check its encoding and brackets'));
    return undefined;
  }
  const path = brackets === '' ? [] : brackets.slice(1, -1).split('][');
  return { name, base, path, value };
}

/**
 * The query of a request's URL as parameters, in order; what cannot be read becomes a fault, and so does the first one
 * that is more than a query may have. Those after it are not read.
 */
export function parseQueryString(url: string, faults: FaultList): Parameter[] {
  const start = url.indexOf('?');
  const query = start < 0 ? '' : url.slice(start + 1);
  const pairs = query.split('&').filter((pair) => pair !== '');
  const [surplus] = pairs.splice(LIMITS.queryParameters);
  const parameters = pairs.flatMap((pair) => parsePair(pair, faults) ?? []);
  if (surplus !== undefined) {
    const [name = ''] = surplus.split('=', 1);
    faults.push(parameterFault(decode(name) ?? name, `A query has at most ${LIMITS.queryParameters} parameters`));
  }
  return parameters;
}

/** Values of a comma list; `\,` is a comma inside a value. */
export const splitList = (text: string): string[] =>
  text.split(/(?<!\\),/).map((value) => value.replaceAll('\\,', ','));

/** A path with its query, names and values percent-encoded (RFC 3986). */
export function toUrl(path: string, pairs: readonly (readonly [string, string])[]): string {
  const query = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
  return query === '' ? path : `${path}?${query}`;
}
