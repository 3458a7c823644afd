import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { freePort } from '../../src/embedded-postgres/postgres-process.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { ServiceProcess } from '../security/service-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const LONG = Boolean(process.env['IAM_TEST_LONG']);
/** How long the load lasts, in ms. With IAM_TEST_LONG the memory is watched as well, which takes ten minutes. */
const DURATION_MS = LONG ? 600_000 : process.env['IAM_TEST_AGAIN'] ? 3_000 : 10_000;
const WORKERS = 8;
/** In MB. */
const MAX_MEMORY = 250;

const ADMIN = { email: 'root@example.com', password: 'Correct-horse-7' };

/** One kind of request and how long its answers took, in ms. */
class Kind {
  readonly times: number[] = [];

  /** @param weight so many of a hundred */
  constructor(
    readonly name: string,
    readonly weight: number,
    readonly run: (worker: Worker) => Promise<void>,
  ) {}

  line(): string {
    const sorted = this.times.toSorted((a, b) => a - b);
    const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1).padStart(8);
    return `  ${this.name.padEnd(28)} ${String(sorted.length).padStart(6)} ${at(0.5)} ${at(0.99)} ${at(0.9999)}`;
  }
}

/** A user with a session, who sends one request after the other. */
class Worker {
  refreshToken = '';
  token = '';
  readonly own: string[] = [];

  constructor(
    private readonly url: string,
    readonly accounts: readonly string[],
    private readonly errors: string[],
  ) {}

  get account(): string {
    return this.accounts[Math.floor(Math.random() * this.accounts.length)] ?? '';
  }

  async send(method: string, path: string, body?: unknown, expected = 200): Promise<Record<string, never> | undefined> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.token && { authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status !== expected) this.errors.push(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async signIn(): Promise<void> {
    this.keep(await this.send('POST', '/auth/login', ADMIN));
  }

  keep(response: { meta?: { token: string; refresh_token: string } } | undefined): void {
    this.token = response?.meta?.token ?? '';
    this.refreshToken = response?.meta?.refresh_token ?? '';
  }
}

const organization = (attributes: object) => ({ data: { type: 'iam:organizations', attributes } });
const account = (attributes: object, id?: string) => ({
  data: { type: 'iam:accounts', ...(id && { id }), attributes },
});

/** Four reads to a write, as the directory of a team sees them. */
const KINDS = [
  new Kind('list of 50', 25, async (worker) => void (await worker.send('GET', '/accounts?page[size]=50'))),
  new Kind('filtered, sorted, counted', 10, async (worker) => {
    await worker.send('GET', '/accounts?filter[name__match]=person 1&sort=-created_at&count=true&page[size]=50');
  }),
  new Kind('show', 30, async (worker) => void (await worker.send('GET', `/accounts/${worker.account}`))),
  new Kind('cursor page', 10, async (worker) => {
    await worker.send('GET', '/accounts?page[after]=&page[size]=50&sort=name');
  }),
  new Kind('organizations with accounts', 5, async (worker) => {
    await worker.send('GET', '/organizations?included=accounts&page[size]=5&sort=-created_at');
  }),
  new Kind('change of a name', 8, async (worker) => {
    const id = worker.account;
    await worker.send('PATCH', `/accounts/${id}`, account({ name: `Person ${randomUUID()}` }, id));
  }),
  new Kind('organization made', 4, async (worker) => {
    const made = await worker.send('POST', '/organizations', organization({ name: `Org ${randomUUID()}` }));
    worker.own.push(String((made as { data?: { id: string } } | undefined)?.data?.id));
  }),
  new Kind('member of it', 4, async (worker) => {
    const [id, org] = [worker.account, worker.own.at(-1)];
    await worker.send('PATCH', `/accounts/${id}`, account({ role_scope: org ? { org: [org] } : {} }, id));
  }),
  new Kind('organization deleted', 2, async (worker) => {
    // The last one may be needed for the next member.
    const id = worker.own.length > 1 ? worker.own.shift() : undefined;
    if (id !== undefined) await worker.send('DELETE', `/organizations/${id}`, undefined, 204);
  }),
  new Kind('refresh', 2, async (worker) => {
    worker.keep(await worker.send('POST', '/auth/refresh', { refresh_token: worker.refreshToken }));
  }),
];

function pick(): Kind {
  let left = Math.random() * KINDS.reduce((sum, { weight }) => sum + weight, 0);
  return KINDS.find(({ weight }) => (left -= weight) < 0) ?? KINDS[0]!;
}

describe('Reads and writes together, 80 to 20', () => {
  let database: TestDatabase;
  let service: ServiceProcess;
  let dataDir: string;
  let client: Client;
  let url: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'iam-mixed-'));
    client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(
      `INSERT INTO accounts (id, name, email, email_key, role_name, joined_at)
       SELECT gen_random_uuid(), 'Person ' || n, n || '@example.com', n || '@example.com', 'user', now()
       FROM generate_series(1, 2000) n`,
    );
    await client.query('ANALYZE accounts');
    if (LONG) await promisify(execFile)('npm', ['run', '--silent', 'compile']);
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    // Its log would have its address, but at this level also of every request.
    service = ServiceProcess.start(
      {
        NODE_ENV: 'test',
        DATABASE_URL: database.url,
        DATA_DIR: dataDir,
        PORT: String(port),
        ADMIN_EMAIL: ADMIN.email,
        ADMIN_PASSWORD: ADMIN.password,
        BCRYPT_COST: '4',
        THROTTLE_DISABLED: 'true',
        LOG_LEVEL: 'warn',
        METRICS_PORT: '0',
        MALLOC_ARENA_MAX: '2',
      },
      { built: LONG },
    );
  }, 120_000);
  afterAll(async () => {
    await service?.stop();
    await client?.end();
    await database?.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it(
    `bring no error and no deadlock in ${DURATION_MS / 1000} s`,
    async () => {
      await eventually(
        () =>
          fetch(`${url}/health/live`).then(
            ({ ok }) => ok,
            () => false,
          ),
        60_000,
      );
      const { rows } = await client.query<{ id: string }>(`SELECT id FROM accounts WHERE role_name = 'user'`);
      const errors: string[] = [];
      const memory: number[] = [];
      const end = Date.now() + DURATION_MS;
      const work = async (): Promise<void> => {
        const worker = new Worker(
          url,
          rows.map(({ id }) => id),
          errors,
        );
        await worker.signIn();
        while (Date.now() < end && errors.length < 20) {
          const kind = pick();
          const began = performance.now();
          await kind.run(worker);
          kind.times.push(performance.now() - began);
        }
      };
      const watch = setInterval(() => void service.memory().then((mb) => memory.push(mb)), 10_000);
      await Promise.all(Array.from({ length: WORKERS }, work));
      clearInterval(watch);
      const lines = KINDS.map((kind) => kind.line());
      process.stderr.write(
        `Mixed load: ms until the answer, half, 99 % and 99.99 %\n${lines.join('\n')}\n` +
          (memory.length > 0 ? `Memory every 10 s, in MB: ${memory.map((mb) => mb.toFixed(0)).join(' ')}\n` : ''),
      );
      expect(errors).toEqual([]);
      expect(KINDS.every(({ times }) => times.length > 0)).toBe(true);
      expect(service.output).not.toMatch(/deadlock|ERROR/i);
      const [stats] = (await client.query('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()'))
        .rows;
      expect(Number(stats.deadlocks)).toBe(0);
      if (!LONG) return;
      expect(Math.max(...memory)).toBeLessThanOrEqual(MAX_MEMORY);
      // Flat: the last two minutes need no more than two in the middle, but for what the collector leaves lying about.
      const middle = Math.max(...memory.slice(18, 30));
      expect(Math.max(...memory.slice(-12))).toBeLessThanOrEqual(middle * 1.1);
    },
    DURATION_MS + 60_000,
  );
});
