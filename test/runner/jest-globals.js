/**
 * What a test gets from `@jest/globals` when Node loads it: the loader resolves that name to this file. Helpers stay
 * loaded from one test file to the next, so each name leads to what the file that runs now was given.
 */
let globals = {};

/** Called by the runtime before a test file is imported. */
export function provideGlobals(given, { moduleMocker, fakeTimers }) {
  globals = given;
  mocker = moduleMocker;
  timers = fakeTimers;
}

const current = (name) =>
  new Proxy(() => undefined, {
    apply: (_target, _self, args) => globals[name](...args),
    get: (_target, key) => globals[name][key],
  });

export const afterAll = current('afterAll');
export const afterEach = current('afterEach');
export const beforeAll = current('beforeAll');
export const beforeEach = current('beforeEach');
export const describe = current('describe');
export const expect = current('expect');
export const it = current('it');
export const test = current('test');

let mocker;
let timers;

/** The part of jest's object that holds without a module loader of its own. */
export const jest = {
  fn: (implementation) => mocker.fn(implementation),
  mocked: (value) => value,
  spyOn: (...args) => mocker.spyOn(...args),
  restoreAllMocks: () => mocker.restoreAllMocks(),
  useFakeTimers: (config) => timers.useFakeTimers(config),
  useRealTimers: () => timers.useRealTimers(),
  setSystemTime: (now) => timers.setSystemTime(now),
  advanceTimersByTime: (ms) => timers.advanceTimersByTime(ms),
  retryTimes: (times) => {
    globalThis[Symbol.for('RETRY_TIMES')] = times;
  },
};
