import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { Profiler } from 'node:inspector';
import { join } from 'node:path';
import { startService } from '../contestant.js';
import { flameGraph } from './flame.js';
import { fire, type LoadOptions } from '../load.js';
import { gather } from '../material.js';
import { placeOf, timesOf } from './profile-times.js';
import type { Row } from '../rows.js';

/** Where profiles go: open them in the DevTools of a browser (Performance, Load profile) or in speedscope. */
const FOLDER = join('data', 'bench');
/** Functions that are listed. */
const LISTED = 30;

/** Profiles the service under each row and prints where its time went. */
export async function profileRows(
  rows: readonly Row[],
  { databaseUrl, accounts, load }: { databaseUrl: string; accounts: number; load: LoadOptions },
): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const service = await startService(databaseUrl, { nodeArguments: ['--import', './bench/profile/profiler.js'] });
  try {
    const { connections } = load;
    const material = await gather({ databaseUrl, serviceUrl: service.url, accounts, connections });
    for (const row of rows) {
      await fire(service.url, await row.traffic(material, 'service'), { ...load, seconds: 2 });
      const traffic = await row.traffic(material, 'service');
      await service.send({ start: true });
      const { perSecond } = await fire(service.url, traffic, load);
      const file = join(FOLDER, `${row.name.replace(/\W+/g, '-')}.cpuprofile`);
      await service.send({ stop: file });
      const profile: Profiler.Profile = JSON.parse(await readFile(file, 'utf8'));
      const picture = file.replace(/cpuprofile$/, 'svg');
      await writeFile(picture, flameGraph(profile, `${row.name}: CPU of the service`));
      process.stdout.write(
        `\n${row.name}, ${perSecond.toFixed(0)}/s: ${file}, ${picture}\n${summary(profile, perSecond * load.seconds)}\n`,
      );
    }
  } finally {
    await service.stop();
  }
}

/** Microseconds of CPU a request, by package and by function; what runs in PostgreSQL is not in it. */
function summary(profile: Profiler.Profile, requests: number): string {
  const self = timesOf(profile);
  const byPackage = new Map<string, number>();
  const byFunction = new Map<string, number>();
  for (const { id, callFrame } of profile.nodes) {
    const time = self.get(id) ?? 0;
    const { functionName, url, lineNumber } = callFrame;
    if (time === 0) continue;
    const place = placeOf(url);
    add(byPackage, url === '' ? functionName : place.replace(/^(dist\/[^/]+).*/, '$1'), time);
    add(byFunction, `${functionName || '(anonymous)'} ${place}${url === '' ? '' : `:${lineNumber + 1}`}`, time);
  }
  const list = (times: Map<string, number>): string =>
    [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, LISTED)
      .map(([name, time]) => `${(time / requests).toFixed(1).padStart(9)} µs  ${name}`)
      .join('\n');
  return `${list(byPackage)}\n\n${list(byFunction)}`;
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time);
}
