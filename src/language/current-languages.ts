import { requestContext, withRequestContext } from '../context/request-context.js';
import { formatAcceptLanguage, parseAcceptLanguage } from './accept-language.js';

/**
 * Does work on behalf of somebody who reads these languages, as a job does for the request that queued it. The rest of
 * the context stays what it is.
 * @param languages what `Accept-Language` says (RFC 9110), where it says anything
 */
export function withLanguages<Result>(languages: string | undefined, work: () => Result): Result {
  return withRequestContext({ ...requestContext(), acceptLanguage: languages }, work);
}

/** What the person whom the running work is done for reads, in the syntax of `Accept-Language`; undefined if unknown. */
export function currentLanguages(): string | undefined {
  return formatAcceptLanguage(parseAcceptLanguage(requestContext()?.acceptLanguage ?? '')) || undefined;
}
