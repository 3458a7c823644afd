/** What the kit needs of a test runner: the functions of jest, vitest and node:test have these forms. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>, timeoutMs?: number): unknown;
  beforeAll(work: () => Promise<void>, timeoutMs?: number): unknown;
  afterAll(work: () => Promise<void>, timeoutMs?: number): unknown;
}

/** The same, as node:test has it. */
export interface NodeTestRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, options: NodeTestOptions, body: () => Promise<void>): unknown;
  before(work: () => Promise<void>, options: NodeTestOptions): unknown;
  after(work: () => Promise<void>, options: NodeTestOptions): unknown;
}

/** `timeout` is in milliseconds. */
interface NodeTestOptions {
  readonly timeout: number;
}

/** A runner that may be given to the kit: `import * as vitest from 'vitest'`, or `import test from 'node:test'`. */
export type AnyTestRunner = TestRunner | NodeTestRunner;

/** How long a test or a hook may take, in milliseconds. A runner's own default may be too short for a slow machine. */
const TIMEOUT_MS = 60_000;

/**
 * The runner to register tests with: the given one, or the globals of jest, and of vitest with `globals: true`.
 * @throws Error with what to write when there is none
 */
export function runnerOf(given: AnyTestRunner | undefined): TestRunner {
  const found = given ?? (globalThis as Partial<TestRunner>);
  if ('before' in found) return ofNodeTest(found);
  const { describe, it, beforeAll, afterAll } = found;
  if (!describe || !it || !beforeAll || !afterAll) {
    throw new Error(
      'There are no global describe() and it(): pass the runner, as `{ runner: vitest }` with `import * as vitest from ' +
        "'vitest'`, or `{ runner: test }` with `import test from 'node:test'`.",
    );
  }
  return {
    describe: (name, body) => describe(name, body),
    it: (name, body, timeoutMs = TIMEOUT_MS) => it(name, body, timeoutMs),
    beforeAll: (work, timeoutMs = TIMEOUT_MS) => beforeAll(work, timeoutMs),
    afterAll: (work, timeoutMs = TIMEOUT_MS) => afterAll(work, timeoutMs),
  };
}

const ofNodeTest = ({ describe, it, before, after }: NodeTestRunner): TestRunner => ({
  describe: (name, body) => describe(name, body),
  it: (name, body, timeout = TIMEOUT_MS) => it(name, { timeout }, body),
  beforeAll: (work, timeout = TIMEOUT_MS) => before(work, { timeout }),
  afterAll: (work, timeout = TIMEOUT_MS) => after(work, { timeout }),
});
