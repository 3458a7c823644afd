/** Moves what Node says the time is. `Date` is replaced by default; fake timers of a runner can take its place. */
export interface NodeClock {
  /** @param offsetMs how far ahead of the system's clock Node's is from now on, in milliseconds; 0 ends it */
  moveTo(offsetMs: number): void;
}

const SystemDate = globalThis.Date;
let offset = 0;

/**
 * `Date` ahead of the system's clock. A proxy, so that `instanceof Date` holds for every time, whenever it was made.
 * Timers and `performance.now()` go on as they were.
 */
const MovedDate: DateConstructor = new Proxy(SystemDate, {
  construct: (target, args: [], newTarget): Date =>
    Reflect.construct(
      target,
      args.length > 0 ? args : [target.now() + offset],
      newTarget === MovedDate ? target : newTarget,
    ),
  apply: (target) => new target(target.now() + offset).toString(),
  get: (target, key) => (key === 'now' ? () => target.now() + offset : Reflect.get(target, key)),
});

/** Replaces the global `Date` of the process while it is ahead. */
export const SYSTEM_CLOCK: NodeClock = {
  moveTo(offsetMs) {
    offset = offsetMs;
    if (offset !== 0) globalThis.Date = MovedDate;
    else if (globalThis.Date === MovedDate) globalThis.Date = SystemDate;
  },
};

const UNITS = { second: 1, minute: 60, hour: 3_600, day: 86_400, week: 604_800 } as const;

type Unit = keyof typeof UNITS;

/** A length of time: `'3 days'`, `'90 seconds'`, `'1.5 hours'`, or a number of milliseconds. */
export type Duration = `${number} ${Unit}` | `${number} ${Unit}s` | number;

/** Ten years, longer than the service keeps anything. */
const MAX_MS = 3_653 * UNITS.day * 1_000;

/**
 * A length of time in milliseconds.
 * @throws TypeError with what is allowed, for anything else; time goes forward only
 */
export function milliseconds(duration: unknown): number {
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?) (second|minute|hour|day|week)s?$/.exec(String(duration)) ?? [];
  const seconds = Number(count) * (UNITS[unit as Unit] ?? Number.NaN);
  const result = typeof duration === 'number' ? duration : Math.round(seconds * 1_000);
  if (result > 0 && result <= MAX_MS) return result;
  throw new TypeError(
    `The clock moves forward by up to ten years, as "3 days", "90 seconds" or a number of milliseconds, not by ${JSON.stringify(duration)}.`,
  );
}
