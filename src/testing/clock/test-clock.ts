import { moveTimes } from './moved-times.js';
import { type Duration, milliseconds, type NodeClock, SYSTEM_CLOCK } from './node-clock.js';

/** Moves what an app has stored back by so many milliseconds. */
type Age = (ms: number) => Promise<void>;

/** Of every app in this process: they share one Node, and so its clock. */
const apps = new Set<Age>();
let offset = 0;
let node = SYSTEM_CLOCK;

/**
 * Lets time pass for every app of this process. The times that they have stored move back, and the clock of Node moves
 * forward: PostgreSQL's `now()` cannot be moved, and what compares it with stored times does not notice the difference.
 */
export class TestClock {
  constructor(
    private readonly age: Age,
    given: NodeClock | undefined,
  ) {
    apps.add(age);
    if (given) node = given;
  }

  /** How far Node's clock is ahead of the system's, in milliseconds. */
  get offset(): number {
    return offset;
  }

  /**
   * Lets so much time pass: `await clock.advance('3 days')`. What is due by then happens right away: jobs of the outbox
   * run, tokens and sessions expire.
   * @throws TypeError when it is no length of time
   */
  async advance(duration: Duration): Promise<void> {
    const ms = milliseconds(duration);
    await Promise.all([...apps].map((age) => age(ms)));
    move(offset + ms);
  }

  /** Node's clock is that of the system again. `iam.reset()` does this too. */
  reset(): void {
    move(0);
  }

  /** The app is stopped. With the last one, Node's clock is that of the system again. */
  stop(): void {
    apps.delete(this.age);
    if (apps.size === 0) move(0);
  }
}

function move(ms: number): void {
  offset = ms;
  moveTimes(ms);
  node.moveTo(ms);
}
