import type { Span } from '@opentelemetry/api';
import type { FastifyInstance } from 'fastify';

/** Where a statement goes. */
export interface StatementTarget {
  readonly host: string;
  readonly port: number;
  readonly database?: string;
}

/** A job of the outbox, as far as a trace may know it: nothing of what it carries. */
export interface TracedJob {
  readonly id: string;
  readonly task: string;
  /** 1 on the first try. */
  readonly attempt: number;
  /** The request that queued it, as `traceparent` (W3C Trace Context); undefined if none was traced. */
  readonly traceparent: string | undefined;
}

/** To be called once, when what a span stands for has ended; with the error where it failed. */
export type EndSpan = (error?: unknown) => void;

/**
 * What the service traces, and the Nest token under which it is injected. Where nothing is traced there is none, and
 * nothing of OpenTelemetry is loaded: only types of it are imported here (docs/decisions/0014).
 */
export abstract class Tracing {
  /** Gives every request of the server a span, as `request.span`. To be called before any other hook is added. */
  abstract traceRequests(server: FastifyInstance, trusts: (address: string) => boolean): void;

  /** Begins the span of a statement, below the request or job that runs now; null when neither is being traced. */
  abstract beginStatement(text: string, target: StatementTarget): EndSpan | null;

  /** Does a job within a span of its own, which its statements and lines of the log find in the request context. */
  abstract traceJob<Result>(job: TracedJob, work: () => Promise<Result>): Promise<Result>;

  /** Sends what has not been sent, for two seconds at most. Never throws; what ends later is not traced. */
  abstract stop(): Promise<void>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every request that is traced. */
    span?: Span;
  }
}

/** How a span is called where something else refers to it: in the log, and in what is done later. */

/** The span as `traceparent` (W3C Trace Context, level 1); undefined without one. */
export function traceparentOf(span: Span | undefined): string | undefined {
  if (!span) return undefined;
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** What a line of the log says of the span, by the names that OpenTelemetry gives it in JSON; nothing without one. */
export const loggedTrace = (span: Span | undefined): { trace_id?: string } =>
  span ? { trace_id: span.spanContext().traceId } : {};
