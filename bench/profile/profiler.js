/**
 * Lets a child process be profiled by its parent: `node --import ./bench/profile/profiler.js …`. The message `{ start: true }`
 * begins a CPU profile, `{ stop: file }` ends it, writes it to the file and replies.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

/** Time between two samples, in microseconds. */
const INTERVAL = 200;

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.setSamplingInterval', { interval: INTERVAL });

process.on('message', async ({ start, stop }) => {
  if (start) await session.post('Profiler.start');
  if (stop) writeFileSync(stop, JSON.stringify((await session.post('Profiler.stop')).profile));
  process.send({ done: true });
});
process.channel.unref();
