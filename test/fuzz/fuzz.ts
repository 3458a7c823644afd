import { Agent, request } from 'node:http';
import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { TestApp } from '../support/app.js';
import { ALL_RULES } from '../support/rules.js';

/** Ten thousand cases in `npm test`, a hundred thousand in `npm run test:long`, a thousand when CI runs them again. */
const FACTOR = process.env['IAM_TEST_LONG'] ? 10 : process.env['IAM_TEST_AGAIN'] ? 0.1 : 1;

/** So many cases of the ten thousand. */
export const cases = (share: number): number => Math.ceil(share * FACTOR);

/** Tokens that outlive a hundred thousand cases on a busy machine. */
export const LONG_LIVED = { ACCESS_TOKEN_SECONDS: '86400' };

/** Time for so many cases, in milliseconds: ten times what they take on an idle machine. */
export const timeoutMs = (share: number): number => 20_000 + cases(share) * 50;

/**
 * Runs a property over generated cases. A failure prints the smallest case, and the seed and path that lead to it:
 * `IAM_FUZZ_SEED` and `IAM_FUZZ_PATH` run that one again.
 */
export async function fuzz<Case>(share: number, arbitrary: fc.Arbitrary<Case>, check: (one: Case) => Promise<void>) {
  const { IAM_FUZZ_SEED: seed, IAM_FUZZ_PATH: path } = process.env;
  await fc.assert(fc.asyncProperty(arbitrary, check), {
    numRuns: cases(share),
    ...(seed && { seed: Number(seed) }),
    ...(path && { path }),
  });
}

/** A request as it goes over the wire: nothing of it is encoded or checked on the way. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer as it came. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Connections that are kept, so that thousands of requests do not spend their time on shaking hands. */
export class Wire {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 4 });

  constructor(private readonly app: Pick<TestApp, 'url'>) {}

  send({ method, path, headers: own = {}, body }: RawRequest): Promise<RawResponse> {
    const { hostname, port } = new URL(this.app.url);
    // Node does not frame the body of a GET by itself: its text would be taken for the next request.
    const headers = { ...own, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) };
    return new Promise((resolve, reject) => {
      const sent = request({ hostname, port, agent: this.agent, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Counts answers by status. */
export function tally() {
  const statuses: Record<number, number> = {};
  return {
    count: ({ status }: RawResponse): void => void (statuses[status] = (statuses[status] ?? 0) + 1),
    of: (status: number): number => statuses[status] ?? 0,
    print: (what: string): void =>
      void process.stdout.write(`${what}, answers by status: ${JSON.stringify(statuses)}\n`),
  };
}

/** The error codes of the wire contract, by status. */
const CODES: Readonly<Record<number, readonly string[]>> = {
  400: ['malformed_body', 'invalid_parameter'],
  401: ['unauthenticated', 'invalid_credentials', 'account_disabled', 'invalid_refresh_token'],
  403: ['forbidden'],
  404: ['not_found', 'invalid_token'],
  405: ['method_not_allowed'],
  406: ['not_acceptable'],
  409: ['conflict'],
  412: ['precondition_failed'],
  413: ['payload_too_large'],
  415: ['unsupported_media_type'],
  422: ['validation_failed', 'expired_token'],
  429: ['too_many_requests'],
};

/** What no response may contain: secret columns, and internals of the service. */
const LEAKS =
  /"(hashed_password|password_reset_token|password_reset_token_expires_at|invitation_token|refresh_seq|nonce|email_key|role_scope_extra)":|SELECT |INSERT |QueryFailedError|node_modules|\.(js|ts):\d+/;

interface ErrorObject {
  readonly id: unknown;
  readonly status: unknown;
  readonly code: unknown;
  readonly title: unknown;
  readonly detail: unknown;
  readonly source?: object;
  readonly meta?: { readonly rule?: unknown };
}

/** Holds an answer against the contract, whatever was asked: success, or a rejection that says what is wrong. */
export function expectProper(response: RawResponse): void {
  const { status, headers, text } = response;
  expect([status < 500, status]).toEqual([true, status]);
  expect(text).not.toMatch(LEAKS);
  if (status === 204 || status === 304) return expect(text).toBe('');
  if (status === 200 || (status === 302 && headers['location'] === 'docs')) return;
  const codes = CODES[status];
  expect([status, codes !== undefined]).toEqual([status, true]);
  expect(headers['content-type']).toBe('application/vnd.api+json');
  const { errors } = JSON.parse(text) as { errors: ErrorObject[] };
  expect(errors.length).toBeGreaterThan(0);
  for (const { id, status: said, code, title, detail, source, meta, ...rest } of errors) {
    expect([id, said, rest]).toEqual([headers['x-request-id'], String(status), {}]);
    expect(codes).toContain(code);
    // Programs go by the rule.
    if (code === 'validation_failed') expect(Object.keys(ALL_RULES)).toContain(meta?.rule);
    expect([typeof title, typeof detail]).toEqual(['string', 'string']);
    if (source === undefined) continue;
    const [[place, where] = [], ...others] = Object.entries(source);
    expect([['pointer', 'parameter', 'header'].includes(place ?? ''), typeof where, others]).toEqual([
      true,
      'string',
      [],
    ]);
  }
}
