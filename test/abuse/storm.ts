import { setTimeout as sleep } from 'node:timers/promises';
import { ATTACKS, type World } from './attacks.js';
import { Client } from './requests.js';
import { misuse, MISUSES } from './sockets.js';

/** The message that starts the attackers. */
export interface StormOrder {
  readonly world: World;
  /** How long it lasts, in ms. */
  readonly durationMs: number;
}

/** Their results, one for each attack. */
export interface StormRow {
  readonly name: string;
  readonly requests: number;
  /** How many answers had each status; 0 counts connections that ended without one. */
  readonly statuses: Readonly<Record<number, number>>;
}

/** Pause of an attacker between two requests, in ms: a storm is bounded, and by the attackers' own core. */
const PAUSE_MS = 5;
/** So many an attacker sends from one address before it takes another one. */
const REQUESTS_PER_ADDRESS = 20;

/**
 * All attackers at once, as a process of their own, so that what they cost is not measured as the service's. Each attack
 * comes from an address of its own.
 */
process.once('message', (order: StormOrder) => void storm(order));

async function storm({ world, durationMs }: StormOrder): Promise<void> {
  const until = performance.now() + durationMs;
  const port = Number(new URL(world.url).port);
  const stops = MISUSES.map((kind, i) => misuse(kind, { port, from: `127.200.0.${i + 1}` }, until));
  const rows = ATTACKS.map(async ({ name, shot, parallel, roams = false }, i): Promise<StormRow> => {
    const statuses: Record<number, number> = {};
    let requests = 0;
    const attacker = async (): Promise<void> => {
      while (performance.now() < until) {
        const place = roams ? Math.floor(requests / REQUESTS_PER_ADDRESS) : 0;
        const client = new Client(world.url, `127.${i + 1}.${(place >> 8) & 255}.${place & 255 || 1}`);
        for (let n = 0; n < REQUESTS_PER_ADDRESS && performance.now() < until; n++) {
          const { status } = await client.send(shot(world, requests++));
          statuses[status] = (statuses[status] ?? 0) + 1;
          await sleep(PAUSE_MS);
        }
        client.close();
      }
    };
    await Promise.all(Array.from({ length: parallel }, attacker));
    return { name, requests, statuses };
  });
  const results = await Promise.all(rows);
  for (const stop of stops) stop();
  process.send?.(results, () => process.exit(0));
}
