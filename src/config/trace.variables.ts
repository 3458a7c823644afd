import { baseUrl, headers, line } from './parsers.js';

/** The variables of the traces, by the names that OpenTelemetry gives them. A part of `VARIABLES`. */
export const TRACE_VARIABLES = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    parse: baseUrl,
    default: null,
    description:
      'Where traces go by OTLP over HTTP, such as http://collector:4318; /v1/traces is added. Empty: nothing is traced.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    parse: headers,
    default: null,
    description: 'Headers that go with the traces, such as api-key=secret: a comma list, values percent-encoded.',
    secret: true,
  },
  OTEL_SERVICE_NAME: { parse: line, default: 'iam', description: 'Name of the service in the traces.' },
} as const;
