import { availableParallelism } from 'node:os';

/** Threads for everything but hashing: files, DNS, compression. */
const OTHERS = 3;

/**
 * Makes libuv's pool large enough for a password hash on each core. It has to run before anything uses the pool, which is
 * made once, and loading an ES module uses it already: so `node --require ./dist/thread-pool.cjs dist/main.js`.
 */
process.env['UV_THREADPOOL_SIZE'] ??= String(availableParallelism() + OTHERS);
