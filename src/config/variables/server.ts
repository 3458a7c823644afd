import { addressBlock, baseUrl, headers, integer, line, list, oneOf, origin, pathPrefix } from './schemas.js';
import type { VariableTable } from './variable.js';

const port = integer(0, 65_535);
const connections = integer(1, 1_000_000);

/** Where the service listens, and how clients and browsers reach it. */
export const SERVER_VARIABLES = {
  NODE_ENV: {
    schema: oneOf('development', 'test', 'production'),
    default: 'development',
    description: 'In production, the service does not start without the required variables, or with weak secrets.',
  },
  HOST: { schema: line, default: '127.0.0.1', productionDefault: '0.0.0.0', description: 'Address to listen on.' },
  PORT: { schema: port, default: '3000', description: 'Port to listen on; 0 takes a free one.' },
  API_PREFIX: {
    schema: pathPrefix,
    default: '',
    description: 'Path in front of every operation, such as api/v1/iam.',
  },
  PUBLIC_PATH: {
    schema: pathPrefix,
    default: '',
    description:
      'Path under which a proxy shows the whole service, such as /iam; in links, cookies and the documentation. ' +
      'The proxy may take it off or leave it.',
  },
  APP_URL: {
    schema: baseUrl,
    default: null,
    description: "What links in mails start with. Empty: the service's own address.",
    requiredInProduction: true,
  },
  CORS_ORIGINS: {
    schema: list(origin),
    default: null,
    description: 'Comma list of origins that browsers may call from, such as https://app.example.com.',
  },
  TRUSTED_PROXIES: {
    schema: list(addressBlock),
    default: null,
    description: 'Comma list of addresses or CIDR blocks whose X-Forwarded-For is trusted.',
  },
  CONNECTIONS_PER_ADDRESS: {
    schema: connections,
    default: '1000',
    description: 'Connections that one address (IPv6: one /64) may have open, unless it is one of TRUSTED_PROXIES.',
  },
  MAX_CONNECTIONS: {
    schema: connections,
    default: '5000',
    description: 'Connections that may be open in all, those of TRUSTED_PROXIES included.',
  },
  KEEP_ALIVE_SECONDS: {
    schema: integer(1, 3600),
    default: '72',
    description:
      'An idle connection is kept so long for the next request, in seconds: longer than a balancer in front keeps it.',
  },
  DRAIN_SECONDS: {
    schema: integer(0, 600),
    default: '0',
    productionDefault: '5',
    description:
      'So long an instance that was told to end still serves while /health/ready answers 503, in seconds: ' +
      'longer than a balancer takes to notice.',
  },
  SHUTDOWN_SECONDS: {
    schema: integer(0, 600),
    default: '10',
    description: 'Requests that are under way when the listener has closed are cut off after so long, in seconds.',
  },
} as const satisfies VariableTable;

/** What the service writes about itself. OpenTelemetry names the variables of the traces. */
export const OBSERVABILITY_VARIABLES = {
  LOG_LEVEL: {
    schema: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    default: 'info',
    description: 'Lowest level of the log lines that are written.',
  },
  METRICS_PORT: { schema: port, default: '9464', description: 'Port of the metrics; 0 switches them off.' },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: baseUrl,
    default: null,
    description:
      'Where traces go by OTLP over HTTP, such as http://collector:4318; /v1/traces is added. Empty: no tracing.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    schema: headers,
    default: null,
    description: 'Headers that go with the traces, such as api-key=secret: a comma list, values percent-encoded.',
    secret: true,
  },
  OTEL_SERVICE_NAME: { schema: line, default: 'iam', description: 'Name of the service in the traces.' },
} as const satisfies VariableTable;
