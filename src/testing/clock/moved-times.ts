import pg from 'pg';

/**
 * PostgreSQL's clock stays where it is, and stored times move back; Node's clock moves forward. So the same moment is
 * `offset` later in Node than in PostgreSQL. A `Date` that comes out of a query, or goes into one, is converted: code
 * that compares a column with `new Date()` finds the difference that there is.
 */

/** Object ids of `timestamptz` and `timestamp`, and of arrays of them. */
const TYPES = [1184, 1185, 1114, 1115];

type Parser = (text: string) => unknown;
type Query = (...args: unknown[]) => unknown;

let offset = 0;
let restore: (() => void) | null = null;

/** Converts by so many milliseconds from now on; 0 ends it. */
export function moveTimes(offsetMs: number): void {
  offset = offsetMs;
  if (offset !== 0) restore ??= install();
  else {
    restore?.();
    restore = null;
  }
}

function install(): () => void {
  // Declared for its own list of ids; at run time it takes every id of a type.
  const types = pg.types as unknown as {
    getTypeParser(oid: number): Parser;
    setTypeParser(oid: number, parser: Parser): void;
  };
  const parsers = TYPES.map((oid) => [oid, types.getTypeParser(oid)] as const);
  for (const [oid, parse] of parsers) types.setTypeParser(oid, (text) => moved(parse(text), offset));
  // `super.query` of the service's own client comes here too.
  // Declared with overloads, none of which can be assigned.
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const { query } = prototype;
  prototype.query = function (this: unknown, ...args) {
    return query.apply(this, withMovedValues(args));
  };
  return () => {
    for (const [oid, parse] of parsers) types.setTypeParser(oid, parse);
    prototype.query = query;
  };
}

/** pg takes `query(text, values)`, and `query({ text, values })`, or an object that submits itself. */
function withMovedValues([statement, values, ...rest]: unknown[]): unknown[] {
  const isObject = typeof statement === 'object' && statement !== null && !('submit' in statement);
  const own =
    isObject && 'values' in statement ? { ...statement, values: moved(statement.values, -offset) } : statement;
  return [own, Array.isArray(values) ? moved(values, -offset) : values, ...rest];
}

function moved(value: unknown, ms: number): unknown {
  if (value instanceof Date) return new Date(value.getTime() + ms);
  return Array.isArray(value) ? value.map((one) => moved(one, ms)) : value;
}
