import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { EventLoop } from '../../src/health/event-loop.js';

it('The lag of the event loop is reported in ms, and reset', async () => {
  const eventLoop = new EventLoop();
  eventLoop.measure(400);
  try {
    expect(eventLoop.lag).toEqual({ median: 0, p99: 0 });
    const heldUp = setInterval(() => block(200), 1);
    try {
      while (eventLoop.lag.median < 100) await sleep(20);
    } finally {
      clearInterval(heldUp);
    }
    expect(eventLoop.lag.p99).toBeGreaterThanOrEqual(eventLoop.lag.median);
    while (eventLoop.lag.median > 50) await sleep(20);
  } finally {
    await eventLoop.onApplicationShutdown();
  }
});

function block(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}
