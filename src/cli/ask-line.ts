import { createInterface } from 'node:readline';
import type { CommandContext } from './command.js';

/**
 * Asks a question until an answer is accepted, so many times at most. Answers are lines of the standard input, typed or
 * piped in.
 * @param accept whether an answer is accepted
 * @returns false when none was
 * @throws the reason of the signal, after Ctrl-C
 */
export async function askUntil(
  question: string,
  times: number,
  { in: input, err, signal }: Pick<CommandContext, 'in' | 'err' | 'signal'>,
  accept: (answer: string) => Promise<boolean>,
): Promise<boolean> {
  const reader = createInterface({ input, signal });
  try {
    let asked = 1;
    err.write(question);
    for await (const line of reader) {
      if (await accept(line.trim())) return true;
      if (asked++ === times) return false;
      err.write(question);
    }
    signal.throwIfAborted();
    return false;
  } finally {
    reader.close();
  }
}
