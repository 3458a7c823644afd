import type { Profiler } from 'node:inspector';
import { callsOf, placeOf, timesOf } from './profile-times.js';

/** Sizes of the picture, in pixels. */
const WIDTH = 1200;
const ROW = 17;
const TOP = 48;
/** A letter of the labels. */
const LETTER = 6.2;
/** Frames that would be narrower are left out, and what they called too. */
const NARROWEST = 1.5;

/** Colours by where a function lies, the first that fits; what stands beside them in the legend. */
const COLOURS: readonly (readonly [place: RegExp, colour: string, name: string])[] = [
  [/^dist\/json-api\//, '#e8833a', 'src/json-api'],
  [/^dist\//, '#f2b880', 'the rest of src'],
  [/^(pg|pg-.*|postgres.*)$/, '#5b9bd5', 'pg'],
  [/^(fastify|find-my-way|light-my-request|@fastify\/.*)$/, '#71b37c', 'Fastify'],
  [/^(@nestjs\/.*|rxjs)$/, '#d5739c', 'Nest, rxjs'],
  [/^(node:.*|)$/, '#c4c4c4', 'Node.js, V8'],
  [/./, '#e3d98c', 'other packages'],
];

interface Frame {
  readonly name: string;
  readonly place: string;
  /** Microseconds in it and in what it called. */
  total: number;
  readonly calls: Map<string, Frame>;
}

/** A CPU profile as a flame graph (Brendan Gregg), the outermost call on top: SVG that needs no script. */
export function flameGraph(profile: Profiler.Profile, title: string): string {
  const root = merged(profile);
  const boxes: string[] = [];
  let depth = 0;
  const draw = (frame: Frame, left: number, level: number): void => {
    const width = (frame.total / root.total) * WIDTH;
    if (width < NARROWEST) return;
    depth = Math.max(depth, level);
    boxes.push(box(frame, { left, top: TOP + level * ROW, width, share: frame.total / root.total }));
    let next = left;
    for (const called of [...frame.calls.values()].sort((a, b) => b.total - a.total)) {
      draw(called, next, level + 1);
      next += (called.total / root.total) * WIDTH;
    }
  };
  draw(root, 0, 0);
  const height = TOP + (depth + 1) * ROW + 4;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10.5">\n` +
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>\n` +
    `<text x="4" y="16" font-size="13">${escaped(title)}</text>\n${legend()}\n${boxes.join('\n')}\n</svg>\n`
  );
}

/** The profile as a tree of calls. */
function merged(profile: Profiler.Profile): Frame {
  const self = timesOf(profile);
  const called = callsOf(profile);
  const root: Frame = { name: 'all', place: '', total: 0, calls: new Map() };
  const visit = (node: Profiler.ProfileNode, into: Frame): number => {
    const { functionName, url } = node.callFrame;
    const [name, place] = [functionName || '(anonymous)', placeOf(url)];
    const key = `${name} ${place}`;
    const frame = into.calls.get(key) ?? { name, place, total: 0, calls: new Map() };
    into.calls.set(key, frame);
    let total = self.get(node.id) ?? 0;
    for (const one of called(node)) total += visit(one, frame);
    frame.total += total;
    return total;
  };
  for (const node of profile.nodes.slice(0, 1).flatMap(called)) root.total += visit(node, root);
  return root;
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly share: number;
}

function box({ name, place }: Frame, { left, top, width, share }: Place): string {
  const letters = Math.floor((width - 4) / LETTER);
  const label = letters < 3 ? '' : name.length <= letters ? name : `${name.slice(0, letters - 1)}…`;
  const text = label === '' ? '' : `<text x="${(left + 2).toFixed(1)}" y="${top + 12}">${escaped(label)}</text>`;
  const about = escaped(`${name}${place === '' ? '' : ` (${place})`}: ${(100 * share).toFixed(1)} %`);
  return (
    `<g><title>${about}</title><rect x="${left.toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="${ROW - 1}" ` +
    `fill="${colourOf(place)}" stroke="#fff" stroke-width="0.5"/>${text}</g>`
  );
}

const colourOf = (place: string): string => COLOURS.find(([pattern]) => pattern.test(place))?.[1] ?? '#c4c4c4';

const legend = (): string =>
  COLOURS.map(
    ([, colour, name], i) =>
      `<rect x="${4 + i * 150}" y="26" width="10" height="10" fill="${colour}"/><text x="${18 + i * 150}" y="35">${name}</text>`,
  ).join('');

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
