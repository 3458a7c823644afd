import { requestContext, withRequestContext } from '../context/request-context.js';

/** One item of `Accept-Language`: a language range (RFC 4647) and how much it is wanted, from 0 to 1. */
export interface LanguageRange {
  /** As it was sent, such as `de-CH` or `*`. */
  readonly range: string;
  /** 0 means "anything but this". */
  readonly quality: number;
}

/** RFC 9110, section 12.5.4, and the basic language ranges of RFC 4647, section 2.1. */
const ITEM = /^(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i;

/** Maximum number of ranges; browsers send a few, and further ones are ignored. */
const MAX_RANGES = 10;
/** No registered language tag is longer, in characters. */
const MAX_RANGE = 35;

/** Whether an `Accept-Language` header names a language. Clients that are no browsers send `*`, if anything. */
export const namesLanguage = (header: string): boolean =>
  parseAcceptLanguage(header).some(({ range }) => range !== '*');

/** Whether a text is a language tag (RFC 5646). */
export function isLanguageTag(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}

/**
 * The ranges of an `Accept-Language` header by descending quality, equal ones in the order of the header. Invalid items
 * are ignored: the header is only a preference.
 */
export function parseAcceptLanguage(header: string): LanguageRange[] {
  if (header === '') return [];
  return header
    .split(',', MAX_RANGES)
    .flatMap((item) => {
      const [, range, weight = '1'] = ITEM.exec(item.trim()) ?? [];
      return range === undefined || range.length > MAX_RANGE ? [] : [{ range, quality: Number(weight) }];
    })
    .sort((a, b) => b.quality - a.quality);
}

/** The normalized header: short, and safe to store. Empty without valid ranges. */
export function formatAcceptLanguage(ranges: readonly LanguageRange[]): string {
  return ranges.map(({ range, quality }) => (quality === 1 ? range : `${range};q=${quality}`)).join(', ');
}

/**
 * The language of the response: the lookup of RFC 4647, section 3.4. Each range is shortened from its end until it
 * names an available language, so `de-CH` finds `de`; a range that is shorter than the available tag finds it too, so
 * `pt` finds `pt-BR`. A language with `q=0` is chosen only if there is no other.
 * @param available language tags (RFC 5646), the default first
 */
export function chooseLanguage<Tag extends string>(header: string, available: readonly [Tag, ...Tag[]]): Tag {
  const ranges = parseAcceptLanguage(header);
  const isUnacceptable = (tag: Tag) => qualityOf(tag, ranges) === 0;
  for (const { range, quality } of ranges) {
    if (quality === 0) break;
    const found =
      range === '*' ? available.find((tag) => !isUnacceptable(tag)) : lookUp(range, available, isUnacceptable);
    if (found !== undefined) return found;
  }
  return available.find((tag) => !isUnacceptable(tag)) ?? available[0];
}

function lookUp<Tag extends string>(
  range: string,
  available: readonly Tag[],
  isUnacceptable: (tag: Tag) => boolean,
): Tag | undefined {
  const candidates = available.filter((tag) => !isUnacceptable(tag));
  for (let wanted = range; wanted !== ''; wanted = shortened(wanted)) {
    const found = candidates.find((tag) => equal(tag, wanted));
    if (found !== undefined) return found;
  }
  return candidates.find((tag) => isWithin(tag, range));
}

/** The quality of a language, of the longest matching range. Undefined without a match. */
function qualityOf(tag: string, ranges: readonly LanguageRange[]): number | undefined {
  return ranges
    .filter(({ range }) => range === '*' || isWithin(tag, range))
    .reduce<LanguageRange | undefined>(
      (best, one) => (best && specificity(best.range) >= specificity(one.range) ? best : one),
      undefined,
    )?.quality;
}

const specificity = (range: string) => (range === '*' ? 0 : range.length);

const equal = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** Basic filtering (RFC 4647, section 3.3.1): the range, or the range and more subtags. */
const isWithin = (tag: string, range: string) =>
  equal(tag, range) || equal(tag.slice(0, range.length + 1), `${range}-`);

/** Without its last subtag, nor a single letter that would then stand at the end (RFC 4647, section 3.4). */
const shortened = (range: string) => range.replace(/(?:^|-)[^-]+$/, '').replace(/-[a-z0-9]$/i, '');

/**
 * Runs a function with these preferred languages, as a job does for the request that queued it. The rest of the context
 * is unchanged.
 * @param languages the value of `Accept-Language` (RFC 9110), if any
 */
export function withLanguages<Result>(languages: string | undefined, work: () => Result): Result {
  return withRequestContext({ ...requestContext(), acceptLanguage: languages }, work);
}

/** The languages of the current request or job, in the syntax of `Accept-Language`; undefined if unknown. */
export function currentLanguages(): string | undefined {
  return formatAcceptLanguage(parseAcceptLanguage(requestContext()?.acceptLanguage ?? '')) || undefined;
}
