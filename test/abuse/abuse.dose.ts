import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../src/embedded-postgres/postgres-process.js';
import { seed } from '../../bench/seed.js';
import { planningTime, statementsOf } from '../performance/statements.js';
import { ServiceProcess } from '../security/service-process.js';
import { startApp, type TestApp } from '../support/app.js';
import { withClient } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { account, organization, signedIn, type SignedIn } from '../support/factories.js';
import { forkProgram } from '../support/program.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { ATTACKS, type World } from './attacks.js';
import { watch } from './person.js';
import { Client } from './requests.js';
import type { StormOrder, StormRow } from './storm.js';

/** Length of the storm, in ms. `npm run test:abuse` runs this file; `npm test` does not, since a minute is long. */
const STORM_MS = 60_000;
const ROWS = 20_000;

/** The largest answer to any single attack, in bytes. */
const MAX_RESPONSE = 96 * 1024;
/** In ms; the attacker's own work is part of it, and the machine is shared. */
const MAX_STALL_MS = 250;
const MAX_PLANNING_MS = 250;
/** Heap of the process in the storm, and all of its memory, in MiB. */
const HEAP_MIB = 256;
const MAX_MEMORY_MIB = 512;
const MAX_P99_MS = 1_000;
/** Within this time after a storm the service is as before, in ms. */
const RECOVERY_MS = 10_000;

/** Hashes that other systems may have stored, as costly as they come. Each is rejected. */
const COSTLY_HASHES = [
  `$iam1$2b$30$${'a'.repeat(22)}${'b'.repeat(31)}`,
  `$2b$31$${'a'.repeat(22)}${'b'.repeat(31)}`,
  `$scrypt$ln=17,r=8,p=16$${'a'.repeat(22)}$${'b'.repeat(43)}`,
  `$pbkdf2-sha512$i=10000000$${'a'.repeat(22)}$${'b'.repeat(86)}`,
];

const print = (line: string): void => void process.stdout.write(`${line}\n`);

describe('What a stranger or a small account sends', () => {
  let app: TestApp;
  let person: SignedIn;
  let world: World;

  beforeAll(async () => {
    app = await startApp();
    const sizes = { accounts: ROWS, organizations: ROWS / 20, sessions: ROWS, auditEvents: ROWS, apiKeys: ROWS };
    await withClient(app.databaseUrl, (client) => seed(client, sizes, 'no hash'));
    const organizationId = await organization(app);
    const attacker = await signedIn(app, { org: [organizationId] });
    person = await signedIn(app, { org: [organizationId] });
    const costly = await Promise.all(COSTLY_HASHES.map((hash) => account(app, { hashedPassword: hash })));
    const { token, account: small } = attacker;
    world = {
      url: app.url,
      token,
      accountId: small.id,
      organizationId,
      costlyEmails: costly.map(({ email }) => email),
    };
  }, 300_000);
  afterAll(() => app.stop());

  describe('one at a time is answered briefly and at once:', () => {
    it.each(ATTACKS.map((attack) => ({ name: attack.name, attack })))('$name', async ({ attack }) => {
      const client = new Client(world.url);
      const delay = monitorEventLoopDelay({ resolution: 1 });
      const shot = attack.shot(world, 0);
      await client.send(shot);
      let reply = { status: 0, sentBytes: 0, receivedBytes: 0, ms: 0 };
      const statements = await statementsOf(app, async () => {
        delay.enable();
        reply = await client.send(shot);
        delay.disable();
      });
      client.close();
      const planning = Math.max(0, ...(await Promise.all(statements.map((statement) => planningTime(app, statement)))));
      const stall = delay.max / 1e6;
      const ratio = reply.receivedBytes / reply.sentBytes;
      print(
        `${attack.name}: ${reply.status}, sent ${reply.sentBytes} B, received ${reply.receivedBytes} B, ` +
          `ratio ${ratio.toFixed(2)}, stall ${stall.toFixed(0)} ms, planning ${planning.toFixed(1)} ms`,
      );
      expect({ name: attack.name, tooMany: reply.receivedBytes > MAX_RESPONSE }).toEqual({
        name: attack.name,
        tooMany: false,
      });
      expect(stall).toBeLessThan(MAX_STALL_MS);
      expect(planning).toBeLessThan(MAX_PLANNING_MS);
    });
  });

  it(
    `all at once for ${STORM_MS / 1000} s leaves other clients a service`,
    async () => {
      const [port, metricsPort] = [await freePort(), await freePort()];
      const service = ServiceProcess.start(
        {
          ...TEST_ENVIRONMENT,
          DATABASE_URL: app.databaseUrl,
          MAIL_URL: app.mails.url,
          PORT: String(port),
          METRICS_PORT: String(metricsPort),
          THROTTLE_DISABLED: 'false',
          BCRYPT_COST: '10',
          HASH_MAX_COST: '12',
          LOG_LEVEL: 'error',
          MALLOC_ARENA_MAX: '2',
        },
        { node: [`--max-old-space-size=${HEAP_MIB}`] },
      );
      try {
        const url = `http://127.0.0.1:${port}`;
        await eventually(
          () =>
            fetch(`${url}/health/ready`).then(
              ({ ok }) => ok,
              () => false,
            ),
          60_000,
        );
        const show = {
          method: 'GET',
          path: `/accounts/${person.account.id}`,
          headers: { authorization: `Bearer ${person.token}` },
        };
        const before = await watch(url, show, 3_000);
        const attackers = forkProgram('test/abuse/storm.ts');
        const results = once(attackers, 'message');
        const order: StormOrder = { world: { ...world, url }, durationMs: STORM_MS };
        attackers.send(order);
        const during = await watch(url, show, STORM_MS);
        const stall = await longestStall(metricsPort);
        const [rows] = (await results) as [StormRow[]];
        const memory = await service.peakMemory();
        await sleep(RECOVERY_MS);
        const after = await watch(url, show, 3_000);
        for (const row of rows) print(`${row.name}: ${row.requests} requests, ${JSON.stringify(row.statuses)}`);
        print(
          `show before ${JSON.stringify(before)}\nduring ${JSON.stringify(during)}\nafter ${JSON.stringify(after)}`,
        );
        print(`peak memory ${memory.toFixed(0)} MiB, longest stall ${stall.toFixed(0)} ms`);
        expect(rows.filter(({ statuses }) => (statuses[500] ?? 0) > 0)).toEqual([]);
        expect(during.failed).toBe(0);
        expect(during.p99).toBeLessThan(MAX_P99_MS);
        expect(memory).toBeLessThan(MAX_MEMORY_MIB);
        expect(after.failed).toBe(0);
        expect(after.p99).toBeLessThan(5 * before.p99 + 20);
        expect((await fetch(`${url}/health/ready`)).status).toBe(200);
      } catch (error) {
        print(`The service wrote:\n${service.output.slice(-4_000)}`);
        throw error;
      } finally {
        await service.stop();
      }
    },
    STORM_MS + 120_000,
  );
});

/** The longest time that the event loop stood since the metrics were last read, in ms. */
async function longestStall(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return 1_000 * Number(/^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text)?.[1]);
}
