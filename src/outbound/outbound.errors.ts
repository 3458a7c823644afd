/** Why a request to another host failed. */
export type OutboundErrorReason =
  /** Not a URL, or one that is too long. */
  | 'invalid_url'
  /** Neither https nor, outside production, http to this machine. */
  | 'scheme_not_allowed'
  /** The URL has a user or a password. */
  | 'credentials_not_allowed'
  /** The port is not one of OUTBOUND_ALLOWED_PORTS. */
  | 'port_not_allowed'
  /** The host is, or resolves to, an address that is not public and not in OUTBOUND_ALLOWED_NETWORKS. */
  | 'address_not_allowed'
  /** The host has no address. */
  | 'name_not_found'
  /** No connection, or it broke; also when the proxy does not connect. */
  | 'connection_failed'
  /** The certificate is not one of this host by a CA that this process trusts. */
  | 'certificate_rejected'
  /** The response was not complete in time. */
  | 'timed_out'
  /** A redirection, which is not followed. */
  | 'redirected'
  /** The head of the response is too large. */
  | 'headers_too_large'
  /** The body of the response is too large, as sent or decompressed. */
  | 'body_too_large'
  /** Not HTTP, or a body in an encoding that is unknown or broken. */
  | 'invalid_response';

/** A request to another host that failed. Its message names no address of this network, so it may be shown. */
export class OutboundError extends Error {
  constructor(
    readonly reason: OutboundErrorReason,
    message: string,
    /** HTTP status, where there was a response. */
    readonly status: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'OutboundError';
  }
}

/** The first pattern that matches an error's code names its reason: codes of Node, OpenSSL, zlib, llhttp and undici. */
const BY_CODE: readonly (readonly [pattern: RegExp, reason: OutboundErrorReason, message: string])[] = [
  [/^(ENOTFOUND|EAI_\w+|ENODATA)$/, 'name_not_found', 'The host has no address'],
  [/^(UND_ERR_\w+_TIMEOUT|ETIMEDOUT|TimeoutError)$/, 'timed_out', 'The host did not respond in time'],
  [
    /^(UND_ERR_HEADERS_OVERFLOW|HPE_HEADER_OVERFLOW)$/,
    'headers_too_large',
    'The headers of the response are too large',
  ],
  [/^(HPE_|HTTPParserError|Z_|ERR_BROTLI_|ERR__ERROR_FORMAT)/, 'invalid_response', 'The response is invalid'],
  [
    /^(CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/,
    'certificate_rejected',
    'The certificate of the host is invalid',
  ],
];

/** The typed error for whatever went wrong on the way. */
export function toOutboundError(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error;
  const { code, name } = error instanceof Error ? (error as NodeJS.ErrnoException) : { code: '', name: '' };
  const key = typeof code === 'string' ? code : name;
  const [, reason, message] = BY_CODE.find(([pattern]) => pattern.test(key)) ?? [
    null,
    'connection_failed' as const,
    'The host could not be reached',
  ];
  return new OutboundError(reason, message, null, { cause: error });
}
