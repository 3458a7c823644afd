import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Traffic } from './load.js';

/** In milliseconds. */
interface Sent {
  readonly status: number | undefined;
  readonly took: number;
}

/**
 * Sends the requests in turn, so many a second, evenly spread and whether or not the previous ones have completed. autocannon
 * sends a second's worth at once and counts how long they waited for each other.
 * @returns the time that 99 in 100 responses took at most, in milliseconds
 * @throws Error when a response has an unexpected status
 */
export async function p99AtRate(url: string, traffic: Traffic, perSecond: number, seconds: number): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  const responses: Promise<Sent>[] = [];
  const beganAt = performance.now();
  for (let n = 0; n < perSecond * seconds; n++) {
    await sleep(Math.max(0, beganAt + (n * 1_000) / perSecond - performance.now()));
    const { path = '/', headers = {} } = traffic.requests[n % traffic.requests.length] ?? {};
    responses.push(get(agent, url + path, headers as Record<string, string>));
  }
  const all = await Promise.all(responses);
  agent.destroy();
  const unlike = all.filter(({ status }) => status !== traffic.status).length;
  if (unlike > 0) throw new Error(`${unlike} responses of ${all.length} were not ${traffic.status}`);
  const times = all.map(({ took }) => took).sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.99)] ?? Number.NaN;
}

function get(agent: Agent, url: string, headers: Record<string, string>): Promise<Sent> {
  const beganAt = performance.now();
  return new Promise((resolve) => {
    const gone = (): void => resolve({ status: undefined, took: performance.now() - beganAt });
    const sent = request(url, { agent, headers }, (response) => {
      response.resume().once('end', () => resolve({ status: response.statusCode, took: performance.now() - beganAt }));
    });
    sent.once('error', gone).end();
  });
}
