import type { Span } from '@opentelemetry/api';
import type { FastifyInstance } from 'fastify';

/** The database of a statement. */
export interface StatementTarget {
  readonly host: string;
  readonly port: number;
  readonly database?: string;
}

/** A job of the outbox for a trace, without its payload. */
export interface TracedJob {
  readonly id: string;
  readonly task: string;
  /** 1 on the first try. */
  readonly attempt: number;
  /** The request that queued it, as `traceparent` (W3C Trace Context); undefined if none was traced. */
  readonly traceparent: string | undefined;
}

/** Ends a span, once; with the error if it failed. */
export type EndSpan = (error?: unknown) => void;

/**
 * The tracer of the service, and its Nest injection token. Without tracing there is no provider, and OpenTelemetry is
 * not loaded: only types of it are imported here (docs/decisions/0014).
 */
export abstract class Tracing {
  /** Adds a span to every request of the server, as `request.span`. Call this before adding any other hook. */
  abstract traceRequests(server: FastifyInstance, trusts: (address: string) => boolean): void;

  /** Starts the span of a statement as a child of the current request or job; null when neither is traced. */
  abstract beginStatement(text: string, target: StatementTarget): EndSpan | null;

  /** Runs a job in a span, which its statements and log lines find in the request context. */
  abstract traceJob<Result>(job: TracedJob, work: () => Promise<Result>): Promise<Result>;

  /** Exports the remaining spans, for two seconds at most. Never throws; later spans are dropped. */
  abstract stop(): Promise<void>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every request that is traced. */
    span?: Span;
  }
}

/** References to a span, in the log and in jobs. */

/** The span as `traceparent` (W3C Trace Context, level 1). */
export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** The log fields of a span, as OpenTelemetry names them in JSON; none without a span. */
export const loggedTrace = (span: Span | undefined): { trace_id?: string } =>
  span ? { trace_id: span.spanContext().traceId } : {};
