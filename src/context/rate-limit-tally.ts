/**
 * `RateLimit-*` headers in the form of draft-ietf-httpapi-ratelimit-headers-06, one number each: what clients read today.
 * (Later drafts put them into structured fields that hardly any client knows.)
 */
export const RATE_LIMIT_HEADERS = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'] as const;

/** What one request has left of a budget. */
export interface Quota {
  /** Points in a window. */
  readonly limit: number;
  readonly remaining: number;
  /** When the window ends, in ms since the epoch. */
  readonly endsAt: number;
}

/** A point that a request was charged. */
export interface Charge {
  readonly key: string;
  readonly windowSeconds: number;
}

/** What one request was charged, and what its answer says of that. */
export class RateLimitTally {
  private charges: Charge[] = [];
  private tightest: Quota | null = null;

  charge(charge: Charge): void {
    this.charges.push(charge);
  }

  /** Tells the client of a budget; the one with the least left is what the answer says. */
  tell(quota: Quota): void {
    if (this.tightest === null || quota.remaining <= this.tightest.remaining) this.tightest = quota;
  }

  /** A point was given back already. */
  refunded(key: string): void {
    this.charges = this.charges.filter((charge) => charge.key !== key);
  }

  /** The attempt was evaluated: its points are spent, however the request ends. */
  evaluated(): void {
    this.charges = [];
  }

  /** The points of an attempt that was not evaluated; each is given out once. */
  unspent(): readonly Charge[] {
    const { charges } = this;
    this.charges = [];
    return charges;
  }

  /** The headers of the answer; none where nothing was counted. Reset is in seconds from now. */
  headers(): Partial<Record<(typeof RATE_LIMIT_HEADERS)[number], string>> {
    if (this.tightest === null) return {};
    const { limit, remaining, endsAt } = this.tightest;
    return {
      'RateLimit-Limit': String(limit),
      'RateLimit-Remaining': String(remaining),
      'RateLimit-Reset': String(Math.max(1, Math.ceil((endsAt - Date.now()) / 1000))),
    };
  }
}
