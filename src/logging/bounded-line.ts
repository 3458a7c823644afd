import { stdSerializers } from 'pino';
import { cut } from '../json-api/limits.js';

/** In characters, of any text of a line: messages of errors and statements repeat what a request sent. */
const MAX_TEXT_CHARACTERS = 2_000;
/** In characters, of either end of a stack: the first one says what was thrown, the last one where. */
const MAX_STACK_CHARACTERS = 4_000;

/** Of those that one error holds. */
const MAX_ERRORS = 5;

const boundedText = (value: unknown): unknown => (typeof value === 'string' ? cut(value, MAX_TEXT_CHARACTERS) : value);

function boundedStack(stack: string): string {
  if (stack.length <= 2 * MAX_STACK_CHARACTERS) return stack;
  return cut(stack, MAX_STACK_CHARACTERS) + stack.slice(-MAX_STACK_CHARACTERS);
}

/** The members of a line, none of them with a text longer than 2,000 characters. */
const boundedMembers = (members: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [name, boundedText(value)]));

/** An error as Pino logs it, with a message of at most 2,000 characters and a stack of 8,000. */
function boundedError(error: unknown): unknown {
  if (!(error instanceof Error)) return boundedText(error);
  const { stack, aggregateErrors = [], ...members } = stdSerializers.err(error);
  const errors: ReturnType<typeof stdSerializers.err>[] = aggregateErrors.slice(0, MAX_ERRORS);
  return {
    ...boundedMembers(members),
    stack: boundedStack(stack),
    ...(errors.length > 0 && { aggregateErrors: errors.map(({ message }) => boundedText(message)) }),
  };
}

/** Options of Pino by which no line grows with what a request sent, whoever logs it. */
export const BOUNDED_LINES = {
  formatters: { log: boundedMembers },
  serializers: { msg: boundedText, err: boundedError },
} as const;
