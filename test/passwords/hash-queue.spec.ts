import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../src/json-api/document/errors.js';
import { HashQueue, type Line } from '../../src/passwords/hashing/hash-queue.js';

/** Work that runs until it is resolved or rejected. */
function work() {
  let resolve: (result: string) => void = () => undefined;
  const promise = new Promise<string>((settle) => (resolve = settle));
  return { run: () => promise, resolve };
}

const places = (each: number) => ({ recognized: each, others: each });
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('The hash queue', () => {
  it('runs no more at a time than it has slots, in the order of arrival', async () => {
    const queue = new HashQueue(2, places(10));
    const jobs = Array.from({ length: 4 }, work);
    const started: number[] = [];
    const results = jobs.map((job, i) =>
      queue.run('others', () => {
        started.push(i);
        return job.run();
      }),
    );
    await turn();
    expect([started, queue.running, queue.waiting]).toEqual([[0, 1], 2, 2]);
    jobs[1]?.resolve('b');
    await turn();
    expect([started, queue.running, queue.waiting]).toEqual([[0, 1, 2], 2, 1]);
    jobs.forEach((job, i) => job.resolve(String(i)));
    expect(await Promise.all(results)).toEqual(['0', 'b', '2', '3']);
    expect([queue.running, queue.waiting]).toEqual([0, 0]);
  });

  it('rejects at once with 503 and Retry-After when the queue is full, and accepts more when it is not', async () => {
    const queue = new HashQueue(1, places(1));
    const [running, waiting] = [work(), work()];
    const first = queue.run('others', running.run);
    const second = queue.run('others', waiting.run);
    const rejected: unknown = await queue
      .run('others', () => Promise.resolve('never'))
      .catch((error: unknown) => error);
    if (!(rejected instanceof ApiError)) throw new Error('Not rejected');
    expect(rejected.status).toBe(503);
    expect(rejected.errors[0].code).toBe('unavailable');
    expect(Number(rejected.headers['Retry-After'])).toBeGreaterThanOrEqual(1);
    running.resolve('first');
    waiting.resolve('second');
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
    expect(await queue.run('others', () => Promise.resolve('third'))).toBe('third');
  });

  it('goes on after work that failed', async () => {
    const queue = new HashQueue(1, places(1));
    await expect(queue.run('others', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await queue.run('others', () => Promise.resolve('fine'))).toBe('fine');
    expect(queue.running).toBe(0);
  });

  it('keeps places for people who are recognized, and serves the two lines in turns', async () => {
    const queue = new HashQueue(1, { recognized: 2, others: 3 });
    const order: string[] = [];
    const running = work();
    const all = [queue.run('others', running.run)];
    const add = (line: Line, name: string) => all.push(queue.run(line, async () => String(order.push(name))));
    for (const name of ['a', 'b', 'c']) add('others', name);
    // The strangers' line is full.
    await expect(queue.run('others', async () => 'never')).rejects.toMatchObject({ status: 503 });
    expect(() => queue.assertRoom('others')).toThrow();
    expect(() => queue.assertRoom('recognized')).not.toThrow();
    expect(() => queue.assertRoom(null)).not.toThrow();
    for (const name of ['A', 'B']) add('recognized', name);
    expect(() => queue.assertRoom(null)).toThrow();
    running.resolve('first');
    await Promise.all(all);
    expect(order).toEqual(['A', 'a', 'B', 'b', 'c']);
  });

  it('sends those away whose line does not move, and takes others in their place', async () => {
    const queue = new HashQueue(1, places(1), { wait: 20, run: 60_000 });
    const running = work();
    const first = queue.run('others', running.run);
    await expect(queue.run('others', async () => 'never')).rejects.toMatchObject({ status: 503 });
    expect([queue.running, queue.waiting]).toEqual([1, 0]);
    expect(queue.ageMs).toBeGreaterThan(10);
    running.resolve('first');
    expect(await first).toBe('first');
    expect(await queue.run('others', async () => 'next')).toBe('next');
    expect(queue.ageMs).toBe(0);
  });

  it('answers when a hash takes too long, and keeps its slot until it has ended', async () => {
    const queue = new HashQueue(1, places(1), { wait: 60_000, run: 20 });
    const running = work();
    await expect(queue.run('others', running.run)).rejects.toMatchObject({ status: 503 });
    expect(queue.running).toBe(1);
    const next = queue.run('others', async () => 'next');
    await turn();
    expect(queue.waiting).toBe(1);
    running.resolve('too late');
    expect(await next).toBe('next');
    expect(queue.running).toBe(0);
  });
});
