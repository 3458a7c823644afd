import { once } from 'node:events';

/** Runs once after all tests: lets the server go, and waits until it has cleaned up. */
export default async function tearDown() {
  const child = globalThis.iamTestServer;
  if (!child || child.exitCode !== null) return;
  child.ref();
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
}
