import type { Profiler } from 'node:inspector';

/** Where a function of a profile lies: `pg`, `dist/json-api/document.js`, or what V8 calls it by. */
export function placeOf(url: string): string {
  const [, inPackage] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  if (inPackage !== undefined) return inPackage;
  const [, inDist] = /\/(dist\/.*)$/.exec(url) ?? [];
  return inDist ?? url;
}

/** Gives what a node of the profile called. */
export function callsOf({ nodes }: Profiler.Profile): (node: Profiler.ProfileNode) => Profiler.ProfileNode[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return ({ children = [] }) => children.flatMap((id) => byId.get(id) ?? []);
}

/** Microseconds in each node itself, by id; nothing where nothing ran, and nothing of the profiler's own work. */
export function timesOf(profile: Profiler.Profile): ReadonlyMap<number, number> {
  const { nodes, samples = [], timeDeltas = [] } = profile;
  const times = new Map<number, number>();
  samples.forEach((id, i) => times.set(id, (times.get(id) ?? 0) + (timeDeltas[i] ?? 0)));
  const called = callsOf(profile);
  const forget = (node: Profiler.ProfileNode): void => {
    times.delete(node.id);
    called(node).forEach(forget);
  };
  for (const node of nodes) {
    const { functionName, url } = node.callFrame;
    if (functionName === '(idle)' || url === 'node:inspector') forget(node);
  }
  return times;
}
