import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Link, type Span, type Tracer } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import {
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_RESPONSE_STATUS_CODE,
  ATTR_DB_SYSTEM_NAME,
  ATTR_ERROR_TYPE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  DB_SYSTEM_NAME_VALUE_POSTGRESQL,
} from '@opentelemetry/semantic-conventions';
import type { FastifyInstance } from 'fastify';
import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import type { TracingSettings } from '../config/config.js';
import { requestContext, withRequestContext } from '../context/request-context.js';
import { addRequestSpans } from './request-spans.js';
import { harmlessText, operationOf } from './statement-text.js';
import { LoggingSpanExporter } from './logging-span-exporter.js';
import { type EndSpan, type StatementTarget, type TracedJob, Tracing } from './tracing.js';

/** Maximum number of queued spans; further ones are dropped. */
const MAX_WAITING = 2_048;
/** Maximum number of spans per batch. */
const BATCH = 512;
/** Maximum delay of a batch, in ms. */
const DELAY_MS = 1_000;
/** Time-out of an export including retries, in ms; then the batch is dropped. */
const EXPORT_MS = 5_000;
/** Maximum time that a shutdown waits for the collector, in ms. */
const STOP_MS = 2_000;
/** Maximum number of cached statement texts without literals. */
const MAX_TEXTS = 500;
/** Maximum size of the cached texts, in bytes. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;
/** Overhead of a cached text, in bytes. */
const TEXT_BYTES = 300;

/**
 * Traces by OpenTelemetry, sent by OTLP over HTTP. Nothing is registered globally: all spans are created here, and
 * carried in the request context.
 */
export class OpenTelemetry extends Tracing {
  private readonly tracer: Tracer;
  private readonly texts = new LRUCache<string, { readonly text: string; readonly operation: string }>({
    max: MAX_TEXTS,
    maxSize: MAX_TEXT_BYTES,
    // Statements are ASCII, and one byte a character.
    sizeCalculation: ({ text }, statement) => statement.length + text.length + TEXT_BYTES,
  });

  private constructor(private readonly provider: TracerProvider) {
    super();
    this.tracer = provider.getTracer('iam');
  }

  /**
   * Starts to export to this collector. The exporter reads further options (compression, certificates) from the
   * variables of its specification.
   */
  static start({ endpoint, headers, serviceName }: TracingSettings): OpenTelemetry {
    const exporter = new OTLPTraceExporter({
      url: `${endpoint}/v1/traces`,
      headers: { ...headers },
      timeoutMillis: EXPORT_MS,
    });
    const processor = new BatchSpanProcessor({
      exporter: new LoggingSpanExporter(exporter, endpoint),
      maxQueueSize: MAX_WAITING,
      maxExportBatchSize: BATCH,
      scheduledDelayMillis: DELAY_MS,
      // Longer than the exporter's own, so that a hanging collector never gets two batches at once.
      exportTimeoutMillis: 2 * EXPORT_MS,
    });
    const service = resourceFromAttributes({
      [ATTR_SERVICE_NAME]: serviceName,
      [ATTR_SERVICE_INSTANCE_ID]: uuidv7(),
    });
    return new OpenTelemetry(
      new TracerProvider({ resource: defaultResource().merge(service), spanProcessors: [processor] }),
    );
  }

  traceRequests(server: FastifyInstance, trusts: (address: string) => boolean): void {
    addRequestSpans(server, this.tracer, trusts);
  }

  beginStatement(statement: string, { host, port, database }: StatementTarget): EndSpan | null {
    const parent = requestContext()?.span;
    // Timers have no parent span: they poll several times a second, in every instance.
    if (!parent?.isRecording()) return null;
    const { text, operation } = this.harmless(statement);
    const attributes = {
      [ATTR_DB_SYSTEM_NAME]: DB_SYSTEM_NAME_VALUE_POSTGRESQL,
      [ATTR_DB_NAMESPACE]: database,
      [ATTR_DB_OPERATION_NAME]: operation,
      [ATTR_DB_QUERY_TEXT]: text,
      [ATTR_SERVER_ADDRESS]: host,
      [ATTR_SERVER_PORT]: port,
    };
    const within = trace.setSpan(ROOT_CONTEXT, parent);
    const span = this.tracer.startSpan(`${operation} ${database}`, { kind: SpanKind.CLIENT, attributes }, within);
    return (error) => {
      if (error !== undefined) {
        const code = codeOf(error);
        if (code !== undefined) span.setAttribute(ATTR_DB_RESPONSE_STATUS_CODE, code);
        fail(span, code ?? nameOf(error));
      }
      span.end();
    };
  }

  async traceJob<Result>({ id, task, attempt, traceparent }: TracedJob, work: () => Promise<Result>): Promise<Result> {
    const attributes = {
      'messaging.system': 'graphile_worker',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': task,
      'messaging.message.id': id,
      'iam.job.attempt': attempt,
    };
    // A link and not a parent: a job may run days later, and several times.
    const links = linksTo(traceparent);
    const span = this.tracer.startSpan(`process ${task}`, { kind: SpanKind.CONSUMER, attributes, links }, ROOT_CONTEXT);
    try {
      return await withRequestContext({ ...requestContext(), span }, work);
    } catch (error) {
      fail(span, nameOf(error));
      throw error;
    } finally {
      span.end();
    }
  }

  async stop(): Promise<void> {
    const sent = this.provider.shutdown().catch(() => undefined);
    await Promise.race([sent, sleep(STOP_MS, undefined, { ref: false })]);
  }

  private harmless(statement: string): { readonly text: string; readonly operation: string } {
    const known = this.texts.get(statement);
    if (known) return known;
    const text = harmlessText(statement);
    const harmless = { text, operation: operationOf(text) };
    this.texts.set(statement, harmless);
    return harmless;
  }
}

function linksTo(traceparent: string | undefined): Link[] {
  const context = traceparent === undefined ? null : parseTraceParent(traceparent);
  return context ? [{ context }] : [];
}

/** Only the error type: messages of PostgreSQL and of relays quote input. */
function fail(span: Span, kind: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute(ATTR_ERROR_TYPE, kind);
}

/** SQLSTATE, or the error code of the connection. */
function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]{3,40}$/.test(code) ? code : undefined;
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown');
