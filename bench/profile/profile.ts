import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { Profiler } from 'node:inspector';
import { join } from 'node:path';
import { startService, type Contestant } from '../contestant.js';
import { flameGraph } from './flame.js';
import { fire, type LoadOptions } from '../load.js';
import { MAILS, queueMails } from '../mails/mails.js';
import { releaseMails } from '../mails/queue.js';
import { startSink, type Sink } from '../mails/sink.js';
import { gather } from '../material.js';
import { placeOf, timesOf } from './profile-times.js';
import { ROWS, type Material } from '../rows.js';

/** Where profiles go: open them in the DevTools of a browser (Performance, Load profile) or in speedscope. */
const FOLDER = join('data', 'bench');
/** Functions that are listed. */
const LISTED = 30;

/** Mails of a profile, for each second that a row's lasts; as many leave before. */
const MAILS_A_SECOND = 500;

interface ProfileOptions {
  readonly databaseUrl: string;
  readonly accounts: number;
  readonly load: LoadOptions;
  /** Only rows whose names match. */
  readonly wanted: RegExp;
}

/** Profiles the service under each row, and prints where its time went. */
export async function profileRows({ databaseUrl, accounts, load, wanted }: ProfileOptions): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const sink = await startSink();
  const nodeArguments = ['--import', './bench/profile/profiler.js'];
  const service = await startService(databaseUrl, { nodeArguments, mailUrl: sink.url });
  try {
    const { connections, seconds } = load;
    const material = await gather({ databaseUrl, serviceUrl: service.url, accounts, connections });
    for (const row of ROWS.filter(({ name }) => wanted.test(name))) {
      await fire(service.url, await row.traffic(material, 'service'), { ...load, seconds: 2 });
      const traffic = await row.traffic(material, 'service');
      await profileDuring(service, row.name, async () => {
        const { perSecond } = await fire(service.url, traffic, load);
        return perSecond * seconds;
      });
    }
    if (wanted.test(MAILS)) await profileMails(service, sink, { databaseUrl, material, load });
  } finally {
    await service.stop();
    await sink.stop();
  }
}

async function profileMails(
  service: Contestant,
  sink: Sink,
  { databaseUrl, material, load }: { databaseUrl: string; material: Material; load: LoadOptions },
): Promise<void> {
  const mails = MAILS_A_SECOND * load.seconds;
  await queueMails(service.url, material, { databaseUrl, wanted: 2 * mails, load });
  const send = () => sink.count(mails, () => releaseMails(databaseUrl, mails));
  await send();
  await profileDuring(service, MAILS, async () => {
    await send();
    return mails;
  });
}

/** Profiles the service during the work, which returns how many requests it took. */
async function profileDuring(service: Contestant, name: string, work: () => Promise<number>): Promise<void> {
  await service.send({ start: true });
  const startedAt = performance.now();
  const requests = await work();
  const perSecond = requests / ((performance.now() - startedAt) / 1000);
  const file = join(FOLDER, `${name.replace(/\W+/g, '-')}.cpuprofile`);
  await service.send({ stop: file });
  const profile: Profiler.Profile = JSON.parse(await readFile(file, 'utf8'));
  const picture = file.replace(/cpuprofile$/, 'svg');
  await writeFile(picture, flameGraph(profile, `${name}: CPU of the service`));
  process.stdout.write(`\n${name}, ${perSecond.toFixed(0)}/s: ${file}, ${picture}\n${summary(profile, requests)}\n`);
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
