import { simpleParser } from 'mailparser';
import { fire, type LoadOptions } from '../load.js';
import { cpuClock, takeTurns, type Contender, type RowResult, type Setup } from '../measure.js';
import { rowNamed, type Material } from '../rows.js';
import { heldMails, releaseMails } from './queue.js';
import type { Counted, Sink } from './sink.js';

export const MAILS = 'mails into a local sink';

/** What is asked of the service, and what the floor does for it. */
export const MAILS_MEANING =
  'invitations that wait in the outbox, all due at once; the floor sends one of them again and again through nodemailer, with as ' +
  'many pooled connections';

/** So many mails leave in a turn, for each second that a turn of another row lasts. */
const MAILS_A_SECOND = 250;

/** How fast queued invitations leave: from the first to the last that the sink takes in a turn. */
export async function measureMails(setup: Setup, databaseUrl: string, sink: Sink): Promise<RowResult> {
  const { contestants, rounds, load } = setup;
  const mails = MAILS_A_SECOND * load.seconds;
  await queueMails(contestants.service.url, setup.material, { databaseUrl, wanted: mails * (rounds + 1), load });
  const release = (): Promise<Counted> => sink.count(mails, () => releaseMails(databaseUrl, mails));
  const { last } = await release();
  const mail = await contentOf(last);
  const send = (url: string): Promise<Counted> => sink.count(mails, () => post(`${url}/mails`, { count: mails, mail }));
  const turns: Record<Contender, () => Promise<Counted>> = {
    service: release,
    floor: () => send(contestants.floor.url),
    control: () => send(contestants.control.url),
  };
  await turns.floor();
  await turns.control();
  return takeTurns(MAILS, rounds, async (contender) => {
    const cpuOf = cpuClock(setup, contender);
    const { seconds } = await turns[contender]();
    return { perSecond: (mails - 1) / seconds, p99: null, cpu: cpuOf(mails) };
  });
}

/** Creates accounts with their invitations until enough of these wait. */
export async function queueMails(
  serviceUrl: string,
  material: Material,
  { databaseUrl, wanted, load }: { databaseUrl: string; wanted: number; load: LoadOptions },
): Promise<void> {
  while ((await heldMails(databaseUrl)) < wanted) {
    await fire(serviceUrl, await rowNamed('create with an invitation').traffic(material, 'service'), {
      ...load,
      seconds: 2,
    });
  }
}

/** What a mail says, for nodemailer to write it anew. */
async function contentOf(source: string): Promise<object> {
  const { from, to, subject, html, text } = await simpleParser(source);
  const recipient = Array.isArray(to) ? to[0]?.text : to?.text;
  return { from: from?.text, to: recipient, subject, html, text };
}

async function post(url: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  await response.text();
  if (!response.ok) throw new Error(`${url} returned ${response.status}`);
}
