import { describe, expect, it } from '@jest/globals';
import { JsonApiException } from '../../src/json-api/errors.js';
import { HashQueue } from '../../src/passwords/hash-queue.js';

/** Work that runs until it is told how to end. */
function work() {
  let resolve: (result: string) => void = () => undefined;
  const promise = new Promise<string>((settle) => (resolve = settle));
  return { run: () => promise, resolve };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('The hash queue', () => {
  it('runs no more at a time than it has slots, in the order of arrival', async () => {
    const queue = new HashQueue(2, 10);
    const jobs = Array.from({ length: 4 }, work);
    const started: number[] = [];
    const results = jobs.map((job, i) =>
      queue.run(() => {
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

  it('refuses at once with 503 and Retry-After when the line is full, and takes more when it is not', async () => {
    const queue = new HashQueue(1, 1);
    const [running, waiting] = [work(), work()];
    const first = queue.run(running.run);
    const second = queue.run(waiting.run);
    const refused: unknown = await queue.run(() => Promise.resolve('never')).catch((error: unknown) => error);
    if (!(refused instanceof JsonApiException)) throw new Error('Not refused');
    expect(refused.status).toBe(503);
    expect(refused.faults[0].code).toBe('unavailable');
    expect(Number(refused.headers['Retry-After'])).toBeGreaterThanOrEqual(1);
    running.resolve('first');
    waiting.resolve('second');
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
    expect(await queue.run(() => Promise.resolve('third'))).toBe('third');
  });

  it('goes on after work that failed', async () => {
    const queue = new HashQueue(1, 1);
    await expect(queue.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await queue.run(() => Promise.resolve('fine'))).toBe('fine');
    expect(queue.running).toBe(0);
  });
});
