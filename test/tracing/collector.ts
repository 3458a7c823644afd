import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The JSON of OTLP, as far as these tests look into it. */
interface OtlpAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string };
}
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly OtlpAttribute[];
  readonly status: { readonly code?: number };
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}
interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** A span that arrived. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: 'server' | 'client' | 'consumer' | 'other';
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  readonly resource: Readonly<Record<string, string | number | undefined>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

const KINDS: Readonly<Record<number, Span['kind']>> = { 2: 'server', 3: 'client', 5: 'consumer' };
const ERROR = 2;

/** A collector of traces that takes OTLP over HTTP, as JSON, on a free port, and keeps what it is sent. */
export class Collector {
  readonly spans: Span[] = [];
  /** Everything that was sent, as it was sent. */
  text = '';
  readonly requests: { readonly path: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];
  /** What it answers; null never answers. */
  status: number | null = 200;
  /** Lets the service send what it has, which it does once a second by itself. */
  hurry: () => Promise<void> = async () => undefined;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collector> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        collector.requests.push({ path: request.url, headers: request.headers });
        collector.take(Buffer.concat(chunks).toString());
        if (collector.status === null) return;
        response.writeHead(collector.status, { 'content-type': 'application/json' }).end('{}');
      });
    }).listen(0, '127.0.0.1');
    const collector = new Collector(server);
    await once(server, 'listening');
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The first span that fits and arrives within ten seconds. */
  async span(fits: (span: Span) => boolean): Promise<Span> {
    for (let i = 0; i < 500; i++) {
      const found = this.spans.find(fits);
      if (found) return found;
      await this.hurry();
      await sleep(20);
    }
    throw new Error(`No such span among ${this.spans.map(({ name }) => name).join(', ')}`);
  }

  /** The spans of that trace; to be asked when its first one has arrived, which is the last to end. */
  trace(traceId: string): Span[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(body: string): void {
    this.text += body;
    const { resourceSpans }: OtlpRequest = JSON.parse(body);
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({
          traceId: span.traceId,
          spanId: span.spanId,
          parentSpanId: span.parentSpanId || undefined,
          name: span.name,
          kind: KINDS[span.kind] ?? 'other',
          failed: span.status.code === ERROR,
          attributes: record(span.attributes),
          resource: record(resource.attributes),
          links: span.links ?? [],
        });
      }
    }
  }
}

const record = (attributes: readonly OtlpAttribute[]): Span['attributes'] =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? (value.intValue && Number(value.intValue))]),
  );

/** The `traceparent` of a client, with ids of its own. */
export function remoteSpan(): { traceId: string; spanId: string; traceparent: string } {
  const hex = (length: number): string =>
    Array.from({ length }, () => Math.floor(1 + Math.random() * 15).toString(16)).join('');
  const [traceId, spanId] = [hex(32), hex(16)];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` };
}
