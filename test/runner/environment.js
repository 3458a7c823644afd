import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

/** No world of its own for a test file, but Node's; what jest lays over it for one file goes with that file. */
export default class NativeEnvironment {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  #kept = { console: globalThis.console, exit: process.exit, env: { ...process.env } };

  constructor({ projectConfig }) {
    this.fakeTimers = new ModernFakeTimers({ config: projectConfig, global: globalThis });
  }

  async setup() {}

  async teardown() {
    this.moduleMocker.restoreAllMocks();
    this.fakeTimers.useRealTimers();
    globalThis.console = this.#kept.console;
    process.exit = this.#kept.exit;
    for (const name of Object.keys(process.env)) if (!(name in this.#kept.env)) delete process.env[name];
    Object.assign(process.env, this.#kept.env);
  }

  exportConditions() {
    return ['node', 'import'];
  }

  getVmContext() {
    return null;
  }
}
