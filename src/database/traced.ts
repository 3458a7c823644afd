import { AsyncResource } from 'node:async_hooks';
import pg from 'pg';
import type { EndSpan, Tracing } from '../tracing/tracing.js';
import type { PostgresOptions } from './data-source.js';
import { ResilientClient } from './resilient-client.js';

/** The options of a data source whose statements are traced. Without them nothing stands between it and `pg`. */
export function traced(options: PostgresOptions, tracing: Tracing): PostgresOptions {
  return {
    ...options,
    driver: { ...pg, Pool: ContextPool },
    extra: { ...options.extra, Client: tracedClient(tracing) },
  };
}

/**
 * A pool that gives its connection in the context of whoever asked for it. Without, a request that had to wait goes on in
 * the context of the one that let the connection go, and its statement would stand in a stranger's trace.
 */
class ContextPool extends pg.Pool {
  // Both of its forms, as they are.
  override connect(...args: unknown[]): never {
    const connect: (...args: unknown[]) => unknown = super.connect.bind(this) as never;
    return connect(...args.map((arg) => (isCallback(arg) ? AsyncResource.bind(arg) : arg))) as never;
  }
}

/** Connections on which each statement is a span. */
function tracedClient(tracing: Tracing): typeof ResilientClient {
  return class TracedClient extends ResilientClient {
    // All of its seven forms, as they are.
    override query(...args: unknown[]): never {
      const query: (...args: unknown[]) => unknown = super.query.bind(this) as never;
      const text = textOf(args[0]);
      const end = text === undefined ? null : tracing.beginStatement(text, this);
      if (!end) return query(...args) as never;
      const result = query(...args.map((arg) => (isCallback(arg) ? told(arg, end) : arg)));
      if (result instanceof Promise) result.then(() => end(), end);
      return result as never;
    }
  };
}

type Callback = (...results: unknown[]) => unknown;

const isCallback = (arg: unknown): arg is Callback => typeof arg === 'function';

/** The callback of a statement, which ends its span. */
const told =
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
