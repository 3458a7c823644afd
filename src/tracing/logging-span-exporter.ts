import { Logger } from '@nestjs/common';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';

/** Minimum time between two lines about an unavailable collector, in ms. */
const LOG_INTERVAL_MS = 60_000;
/** In characters. */
const MAX_REASON = 200;

/** A span exporter that logs its failures: the first one immediately, then the number of lost spans once a minute. */
export class LoggingSpanExporter implements SpanExporter {
  private readonly logger = new Logger('Traces');
  private lost = 0;
  private loggedAt = -Infinity;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly endpoint: string,
  ) {}

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.exporter.export(spans, (result) => {
      if (result.code === ExportResultCode.FAILED) this.failed(spans.length, result.error);
      done(result);
    });
  }

  async shutdown(): Promise<void> {
    await this.exporter.shutdown();
  }

  private failed(spans: number, error: Error | undefined): void {
    this.lost += spans;
    if (performance.now() - this.loggedAt < LOG_INTERVAL_MS) return;
    this.logger.warn(`${this.endpoint} takes no traces, ${this.lost} spans are lost: ${reasonOf(error)}`);
    this.loggedAt = performance.now();
    this.lost = 0;
  }
}

/** Only the status of a response: its text may be anything, of any length. */
function reasonOf(error: Error | undefined): string {
  const code = error && 'code' in error ? error.code : undefined;
  if (typeof code === 'number') return `HTTP ${code}`;
  return [code, error?.message].filter(Boolean).join(' ').slice(0, MAX_REASON) || 'it does not say why';
}
