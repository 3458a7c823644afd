import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { Progress } from '../../src/cli/progress.js';

describe('progress', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** Does 40 steps of 25 in 10 seconds and gives what was written. */
  function written(isTTY: boolean, total: number | null = 1000, share?: () => number): string {
    const stream = Object.assign(new PassThrough(), { isTTY });
    const progress = new Progress(stream, 'rows', total, share);
    for (let step = 0; step < 40; step++) {
      jest.advanceTimersByTime(250);
      progress.advance(25);
    }
    progress.end();
    return String(stream.read());
  }

  it('is a line every two seconds without a terminal', () => {
    expect(written(false)).toBe(
      [20, 40, 60, 80, 100].map((percent) => `${percent} %  ${rows(percent)} of 1,000 rows  100/s\n`).join(''),
    );
  });

  it('shows a count where the total is unknown, and a share where only that is known', () => {
    const steps = [200, 400, 600, 800, 1000].map((done) => `${done.toLocaleString('en-US')} rows  100/s\n`);
    expect(written(false, null)).toBe(steps.join(''));
    expect(written(false, null, () => 0.5)).toBe(steps.map((step) => `50 %  ${step}`).join(''));
  });

  it('is a bar on a terminal, which goes away in the end', () => {
    const steps = written(true).split('\r');
    expect(steps).toHaveLength(42);
    expect(steps[20]).toBe('[###############...............] 50 %  500 of 1,000 rows  100/s');
    expect(steps.at(-1)).toBe('\u001B[K');
  });
});

const rows = (percent: number): string => (percent * 10).toLocaleString('en-US');
