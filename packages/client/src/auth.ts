import type { Session, Tokens } from './session.js';

/** Sessions of people: bearer tokens in a store of your choice, or cookies. */

type Maybe<Value> = Value | Promise<Value>;

/** Keeps the tokens of a session. */
export interface TokenStore {
  get(): Maybe<Tokens | undefined>;
  set(tokens: Tokens | undefined): Maybe<void>;
  /** The name under which several tabs have the same tokens; undefined where each has its own. */
  readonly sharedAs?: string;
}

/** An event of a session, in this tab or in another one. */
export type SessionEvent = 'signedin' | 'signedout';

/** A session and its events. */
export interface ClientSession extends Session {
  /** Calls the listener after each event of this kind. @returns a function that removes the listener */
  on(event: SessionEvent, listener: () => void): () => void;
  /** Stops listening to other tabs. */
  close(): void;
}

/** Tokens in memory: a reload loses them. */
export function memoryStore(): TokenStore {
  let kept: Tokens | undefined;
  return {
    get: () => kept,
    set: (tokens) => {
      kept = tokens;
    },
  };
}

/** The methods of `localStorage` and `sessionStorage` that are used here. */
export interface WebStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/**
 * Tokens in `localStorage`, which all tabs of an origin share, and which scripts of the page can read: prefer cookies where
 * the service is on the same site.
 */
export function webStore(storage: WebStorage, key = 'iam-client'): TokenStore {
  return {
    sharedAs: key,
    get: () => {
      const text = storage.getItem(key);
      return text === null ? undefined : (JSON.parse(text) as Tokens);
    },
    set: (tokens) => (tokens ? storage.setItem(key, JSON.stringify(tokens)) : storage.removeItem(key)),
  };
}

/** `navigator.locks`, where the platform has it. */
interface Locks {
  request<Result>(
    name: string,
    options: { readonly ifAvailable?: boolean },
    work: (lock: unknown) => Promise<Result>,
  ): Promise<Result>;
}

/** `BroadcastChannel`; not every platform has its types. */
interface Channel {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: string): void;
  close(): void;
}

/** Globals of browsers that other platforms may not have. */
interface Platform {
  readonly navigator?: { readonly locks?: Locks };
  readonly BroadcastChannel?: new (name: string) => Channel;
}

const platform = globalThis as unknown as Platform;

/** Refreshes once for all tabs, and passes the result on to them. */
abstract class SharedSession implements ClientSession {
  private readonly listeners = new Set<readonly [SessionEvent, () => void]>();
  private readonly channel: Channel | undefined;
  private renewal: Promise<boolean> | undefined;

  constructor(private readonly name: string | undefined) {
    if (name === undefined || !platform.BroadcastChannel) return;
    this.channel = new platform.BroadcastChannel(name);
    this.channel.onmessage = ({ data }) => this.heard(String(data));
  }

  abstract authorize(headers: Headers): Promise<unknown>;
  abstract signedIn(tokens: Tokens | undefined): Promise<void>;
  abstract signedOut(): Promise<void>;

  /**
   * Whether other credentials are there than those that were used; undefined where the session has ended.
   * @param isAfterOther another tab has refreshed just now
   */
  protected abstract isNewer(used: unknown, isAfterOther: boolean): Maybe<boolean | undefined>;
  protected abstract exchange(refresh: (token?: string) => Promise<Tokens | undefined>): Promise<void>;

  renew(used: unknown, refresh: (token?: string) => Promise<Tokens | undefined>): Promise<boolean> {
    this.renewal ??= this.alone(async (isAfterOther) => {
      const isNewer = await this.isNewer(used, isAfterOther);
      if (isNewer !== false) return isNewer === true;
      try {
        await this.exchange(refresh);
        return true;
      } catch (error) {
        // Other errors, such as those of the network, do not end the session.
        if ((error as { status?: number }).status !== 401) throw error;
        await this.signedOut();
        return false;
      }
    }).finally(() => {
      this.renewal = undefined;
    });
    return this.renewal;
  }

  on(event: SessionEvent, listener: () => void): () => void {
    const entry = [event, listener] as const;
    this.listeners.add(entry);
    return () => void this.listeners.delete(entry);
  }

  close(): void {
    this.channel?.close();
  }

  /** Emits an event here and in the other tabs. */
  protected announce(event: SessionEvent | 'renewed'): void {
    this.channel?.postMessage(event);
    this.emit(event);
  }

  /** An event of another tab. */
  protected heard(event: string): void {
    this.emit(event);
  }

  private emit(event: string): void {
    for (const [kind, listener] of this.listeners) if (kind === event) listener();
  }

  /** One tab after the other; `isAfterOther` where this one had to wait. */
  private async alone(work: (isAfterOther: boolean) => Promise<boolean>): Promise<boolean> {
    const { locks } = platform.navigator ?? {};
    if (this.name === undefined || !locks) return work(false);
    const done = await locks.request(this.name, { ifAvailable: true }, async (lock) =>
      lock ? work(false) : undefined,
    );
    return done ?? locks.request(this.name, {}, () => work(true));
  }
}

class BearerSession extends SharedSession {
  constructor(private readonly store: TokenStore) {
    super(store.sharedAs);
  }

  async authorize(headers: Headers): Promise<string | undefined> {
    const { token } = (await this.store.get()) ?? {};
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    return token;
  }

  async signedIn(tokens: Tokens | undefined): Promise<void> {
    await this.store.set(tokens);
    this.announce('signedin');
  }

  async signedOut(): Promise<void> {
    await this.store.set(undefined);
    this.announce('signedout');
  }

  protected async isNewer(used: unknown): Promise<boolean | undefined> {
    const tokens = await this.store.get();
    return tokens && tokens.token !== used;
  }

  protected async exchange(refresh: (token?: string) => Promise<Tokens | undefined>): Promise<void> {
    const tokens = await this.store.get();
    await this.store.set(await refresh(tokens?.refresh_token));
  }
}

class CookieSession extends SharedSession {
  readonly cookies = true;
  /** How often the cookies changed, here or in another tab. */
  private changes = 0;
  /** A refresh was rejected, or there was a sign-out: until the next sign-in there is nothing to refresh. */
  private hasEnded = false;

  async authorize(): Promise<number> {
    return this.changes;
  }

  async signedIn(): Promise<void> {
    this.change('signedin');
  }

  async signedOut(): Promise<void> {
    if (!this.hasEnded) this.announce('signedout');
    this.hasEnded = true;
  }

  protected isNewer(used: unknown, isAfterOther: boolean): boolean | undefined {
    // What the other tab announces may arrive later than its lock.
    return this.hasEnded ? undefined : isAfterOther || this.changes !== used;
  }

  protected async exchange(refresh: () => Promise<unknown>): Promise<void> {
    await refresh();
    this.change('renewed');
  }

  protected override heard(event: string): void {
    this.hasEnded = event === 'signedout';
    this.changes += 1;
    super.heard(event);
  }

  private change(event: 'signedin' | 'renewed'): void {
    this.hasEnded = false;
    this.changes += 1;
    this.announce(event);
  }
}

/**
 * A session with bearer tokens. Sign-ins of the client put their tokens into the store, 401 refreshes them, once for all
 * requests and tabs, and a refresh that is rejected ends the session: `signedout`.
 * @param store in memory without one
 */
export const bearerSession = (store: TokenStore = memoryStore()): ClientSession => new BearerSession(store);

/**
 * A session in cookies that scripts cannot read, for pages of the same site as the service.
 * @param name under which the tabs of the page find each other
 */
export const cookieSession = (name = 'iam-client'): ClientSession => new CookieSession(name);
