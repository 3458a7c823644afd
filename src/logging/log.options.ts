import { levels, type LoggerOptions } from 'pino';
import type { Config } from '../config/config.js';
import { maskCredentials } from '../json-api/http/http.js';
import { BOUNDED_LINES } from './bounded-line.js';
import { requestSummary } from './request-line.js';

/** Headers that carry credentials. */
const SECRET_HEADERS = ['authorization', 'cookie', '["set-cookie"]'] as const;

/** Properties with values of rows: the parameters of a failed statement, and PostgreSQL's messages about them. */
const SECRET_OF_ERRORS = ['parameters', 'detail', 'where', 'driverError'] as const;

const under = (parent: string, key: string): string => (key.startsWith('[') ? `${parent}${key}` : `${parent}.${key}`);

/**
 * The service logs no headers, bodies or queries. These are redacted in case a request or an error is logged as a
 * whole.
 */
const REDACTED = [
  ...SECRET_HEADERS.flatMap((name) => [name, under('headers', name), under('*.headers', name)]),
  'rawHeaders',
  '*.rawHeaders',
  ...SECRET_OF_ERRORS.map((name) => `err.${name}`),
];

/** Fields that are part of the readable message and not repeated after it. */
const IN_THE_SENTENCE = ['context', 'requestId', 'actorId', 'method', 'path', 'status', 'durationMs'];

/** `[00:32:33] INFO: GET /accounts 200 in 3.1 ms by 01a2… (request 01a2…)` */
const READABLE = {
  target: 'pino-pretty',
  options: {
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss',
    ignore: ['pid', 'hostname', ...IN_THE_SENTENCE].join(','),
    messageFormat:
      '{if context}[{context}] {end}{msg}{if durationMs} in {durationMs} ms{end}' +
      '{if actorId} by {actorId}{end}{if requestId} (request {requestId}){end}',
  },
};

/** Nest's start-up messages, a hundred lines: logged at debug level only. */
const START_UP = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer']);

const isStartUp = (fields: unknown): boolean =>
  typeof fields === 'object' && fields !== null && 'context' in fields && START_UP.has(String(fields.context));

/**
 * Pino options of the log.
 * @param context fields of every line that is written during a request
 */
export function logOptions(
  { environment, logLevel }: Pick<Config, 'environment' | 'logLevel'>,
  context: () => object,
): LoggerOptions {
  return {
    level: logLevel,
    mixin: context,
    redact: { paths: REDACTED, censor: '[redacted]' },
    hooks: {
      logMethod(args, method, level) {
        if (level === levels.values['info'] && isStartUp(args[0]) && !this.isLevelEnabled('debug')) return;
        method.apply(this, args);
      },
      // The whole line, so that no field, message or stack that repeats input is forgotten.
      streamWrite: maskCredentials,
    },
    formatters: BOUNDED_LINES.formatters,
    serializers: { ...BOUNDED_LINES.serializers, req: requestSummary, request: requestSummary },
    ...(environment === 'development' && { transport: READABLE }),
  };
}
