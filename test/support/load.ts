import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { MEDIA_TYPE } from './client.js';

/** What came back: its status and its document. */
export interface Reply {
  readonly status: number;
  // Checks read documents of every form.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

/** One request, and the check of its response. */
export interface Shot {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly body?: unknown;
  /** Null when the response is as expected, else what is wrong with it. Not called for 503. */
  readonly check: (reply: Reply) => string | null;
}

/**
 * - served: the right answer
 * - rejected: 503 with Retry-After, as a client understands it
 * - lost: no answer at all
 * - wrong: anything else
 */
export type Result = 'served' | 'rejected' | 'lost' | 'wrong';

export interface Outcome {
  readonly name: string;
  readonly result: Result;
  /** What was wrong, or why it was lost or rejected. */
  readonly detail: string;
  /** When it was sent and when it ended, in ms of the monotonic clock. */
  readonly sentAt: number;
  readonly endedAt: number;
}

/** So many requests wait for their answers at most: a machine that is busy with something else is not buried. */
const MAX_WAITING = 60;

/** Sends requests at a constant rate, whether or not the previous ones have completed, and retries none. */
export class Load {
  readonly outcomes: Outcome[] = [];
  private readonly agent = new Agent({ keepAlive: true, maxSockets: MAX_WAITING });
  private readonly stopping = new AbortController();
  private readonly sending: Promise<void>;
  private readonly running = new Set<Promise<void>>();

  private constructor(
    private readonly url: string,
    private readonly perSecond: number,
    private readonly next: (n: number) => Shot,
  ) {
    this.sending = this.send();
  }

  /** Begins; `next` makes the n-th request. */
  static start(url: string, perSecond: number, next: (n: number) => Shot): Load {
    return new Load(url, perSecond, next);
  }

  /** Sends no more, and waits for the answers that are due. */
  async stop(): Promise<readonly Outcome[]> {
    this.stopping.abort();
    await this.sending;
    await Promise.all(this.running);
    this.agent.destroy();
    return this.outcomes;
  }

  private async send(): Promise<void> {
    let due = performance.now();
    for (let n = 0; !this.stopping.signal.aborted; n++) {
      // What a busy machine did not send in time is sent then, so that the rate is kept.
      const early = (due += 1_000 / this.perSecond) - performance.now();
      if (early > 1) await sleep(early, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.running.size >= MAX_WAITING) {
        await Promise.race(this.running);
        due = performance.now();
      }
      const shot = this.fire(this.next(n));
      this.running.add(shot);
      void shot.finally(() => this.running.delete(shot));
    }
  }

  private async fire(shot: Shot): Promise<void> {
    const sentAt = performance.now();
    const [result, detail] = await this.ask(shot).then(
      ({ retryAfter, ...reply }) => resultOf(shot, reply, retryAfter),
      (error: unknown): [Result, string] => ['lost', `${shot.name}: ${String(error)}`],
    );
    this.outcomes.push({ name: shot.name, result, detail, sentAt, endedAt: performance.now() });
  }

  private ask({ method, path, token, body }: Shot): Promise<Reply & { retryAfter: string | undefined }> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': MEDIA_TYPE, 'content-length': Buffer.byteLength(text) }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(this.url + path, { method, headers, agent: this.agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const received = Buffer.concat(chunks).toString();
          const status = response.statusCode ?? 0;
          const retryAfter = response.headers['retry-after'];
          resolve({ status, retryAfter, body: received === '' ? undefined : JSON.parse(received) });
        });
      });
      sent.on('error', reject);
      sent.end(text);
    });
  }
}

function resultOf(shot: Shot, reply: Reply, retryAfter: string | undefined): [Result, string] {
  if (reply.status === 503) {
    const detail = `${shot.name}: ${reply.body?.errors?.[0]?.detail}`;
    return Number(retryAfter) > 0 ? ['rejected', detail] : ['wrong', `${detail}, without Retry-After`];
  }
  const problem = shot.check(reply);
  return problem === null ? ['served', ''] : ['wrong', `${shot.name}: ${problem}`];
}

/** How many outcomes there are of each result, and the details of what went wrong. */
export function summary(outcomes: readonly Outcome[]) {
  const count = (result: Result): number => outcomes.filter((outcome) => outcome.result === result).length;
  const failed = outcomes.filter(({ result }) => result === 'lost' || result === 'wrong');
  const details = new Set(failed.map(({ detail }) => detail));
  return {
    served: count('served'),
    rejected: count('rejected'),
    lost: count('lost'),
    wrong: count('wrong'),
    details: [...details].slice(0, 10),
  };
}
