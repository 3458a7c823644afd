import {
  addressBlock,
  baseUrl,
  headers,
  integer,
  line,
  list,
  oneOf,
  origin,
  pathPrefix,
  returnUrl,
} from './schemas.js';
import type { VariableTable } from './variable.js';

const port = integer(0, 65_535);
const connections = integer(1, 1_000_000);

/** The addresses of the service, and its limits of connections. */
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
      'Path of the service behind a proxy, such as /iam; used in links, cookies and the documentation. ' +
      'The proxy may strip it or not.',
  },
  APP_URL: {
    schema: baseUrl,
    default: null,
    description: "What links in mails start with. Empty: the service's own address.",
    requiredInProduction: true,
  },
  PUBLIC_URL: {
    schema: baseUrl,
    default: null,
    description:
      'How clients reach the service, such as https://id.example.com/iam: where identity providers return to. ' +
      'Empty: the origin of APP_URL, with PUBLIC_PATH.',
  },
  RETURN_URLS: {
    schema: list(returnUrl),
    default: null,
    description:
      'Comma-separated whole addresses beside those of APP_URL that a sign-in may return to, such as ' +
      'https://shop.example.com/signed-in.',
  },
  CORS_ORIGINS: {
    schema: list(origin),
    default: null,
    description: 'Comma-separated origins for CORS, such as https://app.example.com.',
  },
  TRUSTED_PROXIES: {
    schema: list(addressBlock),
    default: null,
    description: 'Comma-separated addresses or CIDR blocks of proxies whose X-Forwarded-For is trusted.',
  },
  CONNECTIONS_PER_ADDRESS: {
    schema: connections,
    default: '1000',
    description: 'Maximum open connections of one address (IPv6: one /64), except TRUSTED_PROXIES.',
  },
  MAX_CONNECTIONS: {
    schema: connections,
    default: '5000',
    description: 'Maximum open connections in total, including those of TRUSTED_PROXIES.',
  },
  KEEP_ALIVE_SECONDS: {
    schema: integer(1, 3600),
    default: '72',
    description: 'How long an idle connection stays open, in seconds; set it longer than the load balancer does.',
  },
  DRAIN_SECONDS: {
    schema: integer(0, 600),
    default: '0',
    productionDefault: '5',
    description:
      'How long an instance still serves requests after a signal to end, while /health/ready is 503, in seconds: ' +
      'longer than the load balancer takes to notice.',
  },
  SHUTDOWN_SECONDS: {
    schema: integer(0, 600),
    default: '10',
    description: 'How long running requests may take after the listener has closed, in seconds; then they are aborted.',
  },
} as const satisfies VariableTable;

/** Logs, metrics and traces. The OTEL_ variables have the names of the OpenTelemetry specification. */
export const OBSERVABILITY_VARIABLES = {
  LOG_LEVEL: {
    schema: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    default: 'info',
    description: 'Minimum log level.',
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
    description: 'Headers sent with the traces, such as api-key=secret: comma-separated, values percent-encoded.',
    secret: true,
  },
  OTEL_SERVICE_NAME: { schema: line, default: 'iam', description: 'Name of the service in the traces.' },
} as const satisfies VariableTable;
