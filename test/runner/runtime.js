import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { provideGlobals } from './jest-globals.js';
import { stackTrace } from './stack-trace.js';

const require = createRequire(import.meta.url);

/** What jest-circus keeps between tests; a file starts without that of the one before it. */
const LEFT_BEHIND = ['EVENT_HANDLERS', 'RETRY_TIMES', 'TEST_TIMEOUT_SYMBOL'].map((name) => Symbol.for(name));

/** Files that ran in this process, so that a second run of one (`--watch`) is a new module. */
const runs = new Map();

/**
 * Jest's module loader, replaced by Node's own. Jest gives every test file a world of its own, in which the service and
 * its two thousand modules are read, linked and compiled anew; here a worker does that once. The price is what
 * docs/decisions/0012: no module mocks, and what a file changes in a module or a global it has to put back.
 */
export default class NativeRuntime {
  #environment;

  constructor(_config, environment) {
    this.#environment = environment;
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  unstable_importModule(path) {
    const earlier = runs.get(path) ?? 0;
    runs.set(path, earlier + 1);
    return import(pathToFileURL(path).href + (earlier > 0 ? `?run=${earlier}` : ''));
  }

  requireModule(path) {
    return require(path);
  }

  /** jest-circus, whose state lives as long as its module. */
  requireInternalModule(path) {
    for (const symbol of LEFT_BEHIND) delete globalThis[symbol];
    delete require.cache[path];
    return require(path);
  }

  setGlobalsForRuntime(globals) {
    // Jest has just put one here that knows the source maps of its own loader.
    Error.prepareStackTrace = stackTrace;
    provideGlobals(globals, this.#environment);
  }

  enterTestCode() {}
  leaveTestCode() {}
  resetModules() {}
  teardown() {}

  getSourceMaps() {
    return new Map();
  }

  getAllCoverageInfoCopy() {
    return undefined;
  }
}
