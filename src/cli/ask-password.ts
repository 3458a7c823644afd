import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { CommandContext } from './command.js';

type Streams = Pick<CommandContext, 'in' | 'err' | 'signal'>;

/**
 * Reads a password: typed twice on a terminal, without echo, or else the first line of the input.
 * @throws Error when the two differ, or nothing is piped in; an AbortError after Ctrl-C
 */
export async function askPassword(streams: Streams): Promise<string> {
  if (!streams.in.isTTY) return firstLine(streams);
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: streams.in, output, terminal: true });
  const ended = new AbortController();
  // The terminal is in raw mode, so Ctrl-C and the end of input are handled here.
  reader.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  reader.once('close', () => ended.abort());
  const signal = AbortSignal.any([streams.signal, ended.signal]);
  try {
    const password = await askOnce('Password: ', reader, { ...streams, signal });
    const repeated = await askOnce('Once more: ', reader, { ...streams, signal });
    if (repeated !== password) throw new Error('The two passwords differ.');
    return password;
  } catch (error) {
    if (ended.signal.aborted && !streams.signal.aborted) throw new Error('No password was typed.', { cause: error });
    throw error;
  } finally {
    reader.close();
  }
}

async function firstLine({ in: input }: Streams): Promise<string> {
  for await (const line of createInterface({ input })) return line;
  throw new Error('There is no password: pipe it in, or use --generate.');
}

async function askOnce(question: string, reader: Interface, { err, signal }: Streams): Promise<string> {
  const answer = reader.question('', { signal });
  err.write(question);
  try {
    return await answer;
  } finally {
    err.write('\n');
  }
}
