import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { LOAD_CORE, onCores } from '../cores.js';

/** Sent by the process of the sink once it listens. */
export interface Listening {
  readonly port: number;
}

/** Sent to it: it is to count so many mails. */
export interface Order {
  readonly count: number;
}

/** Its reply, once they have come. */
export interface Counted {
  /** Between the first and the last. */
  readonly seconds: number;
  /** The last mail, as it was sent. */
  readonly last: string;
}

/** A local SMTP server in a process of its own, on the core of the load. */
export interface Sink {
  readonly url: string;
  /**
   * Waits until so many mails have come from what the function starts.
   * @throws Error when they do not come in time
   */
  count(mails: number, start: () => Promise<unknown>): Promise<Counted>;
  stop(): Promise<void>;
}

const LOADER = './test/runner/typescript-loader.js';
/** Maximum time for the mails of one turn, in milliseconds. */
const TIMEOUT_MS = 120_000;

export async function startSink(): Promise<Sink> {
  const [file = '', ...before] = onCores(LOAD_CORE, process.execPath);
  const script = join(import.meta.dirname, 'sink.process.ts');
  const child = spawn(file, [...before, '--import', LOADER, script], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const { port } = await reply<Listening>(child);
  return {
    url: `smtp://127.0.0.1:${port}`,
    count: async (mails, start) => {
      const accepted = reply(child);
      child.send({ count: mails } satisfies Order);
      await accepted;
      const counted = reply<Counted>(child);
      await start();
      return counted;
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

async function reply<Message>(child: ChildProcess): Promise<Message> {
  const [message] = (await once(child, 'message', { signal: AbortSignal.timeout(TIMEOUT_MS) })) as [Message];
  return message;
}
