import { stdSerializers } from 'pino';
import { cut } from '../json-api/limits.js';

/** Maximum length of a text in a line, in characters: messages of errors and statements repeat input. */
const MAX_TEXT_CHARACTERS = 2_000;
/**
 * Length of the start and of the end that are kept of a stack, in characters: the start has the message, the end the
 * origin.
 */
const MAX_STACK_CHARACTERS = 4_000;

/** Maximum number of errors within an AggregateError. */
const MAX_ERRORS = 5;

const boundedText = (value: unknown): unknown => (typeof value === 'string' ? cut(value, MAX_TEXT_CHARACTERS) : value);

function boundedStack(stack: string): string {
  if (stack.length <= 2 * MAX_STACK_CHARACTERS) return stack;
  return cut(stack, MAX_STACK_CHARACTERS) + stack.slice(-MAX_STACK_CHARACTERS);
}

/** The members of a line, with texts of at most 2,000 characters. */
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

/** Pino options that bound every line, independent of the size of the request. */
export const BOUNDED_LINES = {
  formatters: { log: boundedMembers },
  serializers: { msg: boundedText, err: boundedError },
} as const;
