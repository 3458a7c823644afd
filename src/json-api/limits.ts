/**
 * What one request may send, and what one answer may hold at most. What a stranger sends never decides how much the
 * service answers, remembers, compiles or plans. `docs/json-api.md` prints this table.
 */
export const LIMITS = {
  /** Error objects in an answer, the closing one included that says that there are more. */
  errors: 100,
  /** `filter[…]` parameters of a query. */
  filters: 50,
  /** Values of one filter, before duplicates are removed. */
  filterValues: 200,
  /** Words of a search. */
  searchWords: 10,
  /** Keys of `sort`. */
  sortKeys: 20,
  /** Resources in `included`. */
  includedResources: 10_000,
} as const;
