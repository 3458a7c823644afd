import type { Span } from '@opentelemetry/api';

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
