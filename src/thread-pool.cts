import { availableParallelism } from 'node:os';

/** Threads for other work than hashing: files, DNS, compression. */
const OTHERS = 3;

/**
 * Sizes libuv's thread pool for a password hash on each core. Must run before the first use of the pool, and loading an
 * ES module already uses it; so the program `iam` begins with this. A main file of another kind is started with
 * `node --require ./node_modules/iam/dist/thread-pool.cjs`.
 */
process.env['UV_THREADPOOL_SIZE'] ??= String(availableParallelism() + OTHERS);
