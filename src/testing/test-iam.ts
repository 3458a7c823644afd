import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Pool, type QueryResultRow } from 'pg';
import { DataSource } from 'typeorm';
import { Roles } from '../auth/authorization/roles.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import { WriteLimit } from '../auth/rate-limit/write-limit.js';
import { ActorCache } from '../auth/sessions/actor-loader.js';
import type { Config } from '../config/config.js';
import { ApiClient } from './api-client.js';
import { moveStoredTimesBack } from './clock/stored-times.repository.js';
import { TestClock } from './clock/test-clock.js';
import { StoredState } from './database/stored-state.repository.js';
import { type AccountOptions, Factories, type TestAccount } from './factories.js';
import { TestMailbox } from './mailbox.js';
import type { StartOptions } from './start-options.js';
import { ADMIN } from './test-environment.js';

/** A client that has signed in. */
export class SignedInClient extends ApiClient {
  constructor(
    url: string,
    /** The access token. */
    override readonly token: string,
    readonly refreshToken: string,
    readonly account: TestAccount,
  ) {
    super(url, token);
  }
}

/** How an app was started, and how it ends. */
export interface TestIamParts {
  readonly config: Config;
  readonly options: StartOptions;
  /** Starts another app. */
  readonly start: (options: StartOptions) => Promise<TestIam>;
  /** Ends the service, and removes its database and files. */
  readonly end: () => Promise<void>;
}

/** A service of the kit: the whole of it, as clients meet it over HTTP. */
export class TestIam {
  /** Rows that a test needs: accounts, organizations, and those of the extension. */
  readonly create: Factories;
  /** The mails that the service has sent. */
  readonly mailbox: TestMailbox;
  /** Lets time pass. */
  readonly clock: TestClock;
  /** Requests without a token. */
  readonly anonymous: ApiClient;
  private readonly onReset: (() => void | Promise<void>)[] = [];
  private stopped: Promise<void> | null = null;

  private constructor(
    /** The Nest application, for its providers: `iam.nest.get(TeamsService, { strict: false })`. */
    readonly nest: NestFastifyApplication,
    private readonly parts: TestIamParts,
    private readonly pool: Pool,
    private readonly beginning: StoredState,
  ) {
    this.create = new Factories(nest);
    this.mailbox = new TestMailbox(join(parts.config.dataDir, 'mail'));
    this.clock = new TestClock((ms) => this.age(ms), parts.options.clock);
    this.anonymous = new ApiClient(this.url);
  }

  /** Wraps a service that listens. */
  static async of(nest: NestFastifyApplication, parts: TestIamParts): Promise<TestIam> {
    // What a test sets up may take longer than a request.
    const pool = new Pool({
      connectionString: parts.config.databaseUrl ?? '',
      max: 4,
      application_name: 'iam testing',
    });
    // The database may end a connection when it is dropped.
    pool.on('error', () => undefined);
    return new TestIam(nest, parts, pool, await StoredState.capture(pool));
  }

  /** Where the service listens, such as `http://127.0.0.1:41234`. */
  get url(): string {
    const { host } = this.config;
    return `http://${host}:${(this.nest.getHttpServer().address() as AddressInfo).port}`;
  }

  /** The database of the app alone. */
  get databaseUrl(): string {
    return this.config.databaseUrl ?? '';
  }

  /** The configuration of the service. */
  get config(): Config {
    return this.parts.config;
  }

  /**
   * A client with the token of an account that was made before.
   * @param code of its authenticator app, where it has a second factor
   * @throws Error when it cannot sign in
   */
  async signIn(account: Pick<TestAccount, 'email' | 'password'>, code?: string): Promise<SignedInClient> {
    const { email, password } = account;
    const auth = `${this.config.apiPrefix}/auth`;
    const first = await this.anonymous.post(`${auth}/login`, { email, password });
    const mfaToken = first.errors[0]?.meta?.['mfa_token'];
    const isAsked = code !== undefined && mfaToken !== undefined;
    const response = isAsked ? await this.anonymous.post(`${auth}/mfa`, { mfa_token: mfaToken, code }) : first;
    const { id, attributes } = response.one<{ name: string }>();
    const { token, refresh_token: refreshToken } = response.meta as { token: string; refresh_token: string };
    return new SignedInClient(this.url, token, refreshToken, { id, email, password, name: attributes.name });
  }

  /**
   * A client of a new account with this role: `as('org_owner', { of: organization })`. It signs in over HTTP.
   * @throws Error when the roles file has no such role
   */
  async as(role: string, options: Omit<AccountOptions, 'role' | 'joined'> = {}): Promise<SignedInClient> {
    const roles = this.nest.get(Roles, { strict: false });
    if (!roles.get(role)) {
      const names = roles.list().map(({ name }) => name);
      throw new Error(`There is no role "${role}"; the roles file has ${names.join(', ')}.`);
    }
    return this.signIn(await this.create.account({ ...options, role }));
  }

  /** A client of the first admin, who may do everything. */
  admin(): Promise<SignedInClient> {
    return this.signIn(ADMIN);
  }

  /** Runs a statement on the app's database, behind the service's back. */
  async sql<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]> {
    const { rows } = await this.pool.query<Row>(text, values);
    this.forgetActors();
    return rows;
  }

  /** Adds work to every `reset()`, such as clearing a cache of the extension. */
  afterReset(work: () => void | Promise<void>): void {
    this.onReset.push(work);
  }

  /**
   * Brings the app back to the state in which it was started: its rows, its mails, its clock, and what it remembers of
   * sessions and attempts. Await the requests of the test first.
   */
  async reset(): Promise<void> {
    await this.beginning.restore();
    await this.mailbox.clear();
    this.clock.reset();
    this.forgetActors();
    this.nest.get(RateLimiter, { strict: false }).forgetExhausted();
    this.nest.get(WriteLimit, { strict: false }).forget();
    for (const work of this.onReset) await work();
  }

  /** Starts another app with a database of its own; with the same options but for these. */
  another(options: StartOptions = {}): Promise<TestIam> {
    return this.parts.start({ ...this.parts.options, ...options });
  }

  /** Ends the service and removes its database. May be called twice. */
  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    this.clock.stop();
    await this.pool.end();
    await this.parts.end();
  }

  private async age(ms: number): Promise<void> {
    await moveStoredTimesBack(this.pool, this.nest.get(DataSource), ms);
    this.forgetActors();
  }

  private forgetActors(): void {
    this.nest.get(ActorCache, { strict: false }).forgetAll();
  }
}
