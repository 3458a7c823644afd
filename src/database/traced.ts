import { AsyncResource } from 'node:async_hooks';
import pg from 'pg';
import type { EndSpan, Tracing } from '../tracing/tracing.js';
import type { PostgresOptions } from './data-source.js';
import { ResilientClient } from './resilient-client.js';

/** The options of a data source whose statements are traced. Without tracing, `pg` is used directly. */
export function traced(options: PostgresOptions, tracing: Tracing): PostgresOptions {
  return {
    ...options,
    driver: { ...pg, Pool: ContextPool },
    extra: { ...options.extra, Client: tracedClient(tracing) },
  };
}

/**
 * A pool that hands out a connection in the async context of the request that asked for it. Otherwise a request that
 * had to wait would continue in the context of the one that released the connection, and its statements would appear in
 * the wrong trace.
 */
class ContextPool extends pg.Pool {
  // Overloads both of its signatures.
  override connect(...args: unknown[]): never {
    const connect: (...args: unknown[]) => unknown = super.connect.bind(this) as never;
    return connect(...args.map((arg) => (isCallback(arg) ? AsyncResource.bind(arg) : arg))) as never;
  }
}

/** Connections on which each statement is a span. */
function tracedClient(tracing: Tracing): typeof ResilientClient {
  return class TracedClient extends ResilientClient {
    // Overloads all seven of its signatures.
    override query(...args: unknown[]): never {
      const query: (...args: unknown[]) => unknown = super.query.bind(this) as never;
      const text = textOf(args[0]);
      const end = text === undefined ? null : tracing.beginStatement(text, this);
      if (!end) return query(...args) as never;
      const result = query(...args.map((arg) => (isCallback(arg) ? withEndedSpan(arg, end) : arg)));
      if (result instanceof Promise) result.then(() => end(), end);
      return result as never;
    }
  };
}

type Callback = (...results: unknown[]) => unknown;

const isCallback = (arg: unknown): arg is Callback => typeof arg === 'function';

/** The callback of a statement, which ends its span. */
const withEndedSpan =
  (callback: Callback, end: EndSpan): Callback =>
  (...results) => {
    end(results[0] ?? undefined);
    return callback(...results);
  };

/** The text of a statement; undefined for a cursor or a COPY, which are objects that do their own work. */
function textOf(statement: unknown): string | undefined {
  if (typeof statement === 'string') return statement;
  if (typeof statement !== 'object' || statement === null || 'submit' in statement) return undefined;
  return 'text' in statement && typeof statement.text === 'string' ? statement.text : undefined;
}
