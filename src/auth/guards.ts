import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ApiError, apiError } from '../json-api/document/errors.js';
import { BodyMemory, readBody } from '../json-api/http/body-reader.js';
import { BODY_FORMATS, type BodyFormat, JSON_BODY } from '../json-api/http/json-body.js';
import {
  authenticationOf,
  challenge,
  credentialsOf,
  CrossSite,
  SAFE_METHODS,
} from './authentication/authentication.js';
import { accessOf } from './authorization/actor.js';
import { WriteLimit } from './rate-limit/write-limit.js';
import { ActorLoader } from './sessions/actor-loader.js';
import { AccessTokens } from './tokens/access-tokens.js';

/**
 * The first global guard, before the body is read: every route but the public ones needs an access token whose session
 * is alive. It denies by throwing, so an error anywhere in it denies too: with 503 when the database cannot say who is
 * asking.
 */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly actors: ActorLoader,
    private readonly crossSite: CrossSite,
  ) {}

  /** @throws ApiError `unauthenticated`, or `forbidden` for a cross-site request; and what the driver throws */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    // A public route does not look at tokens at all, so a stale one cannot close it.
    if (accessOf(context)?.kind === 'public') return true;

    const credentials = credentialsOf(request);
    if (!credentials) throw this.denial(request, 'Sign in first');
    // In the steady state both are remembered, and nothing is waited for.
    return now(this.tokens.verify(credentials.token), (verified) => {
      if (!verified) throw this.denial(request, 'The access token is not valid or has expired', 'invalid_token');
      return now(this.actors.load(verified.sid, verified.sub), (actor) => {
        if (!actor) throw this.denial(request, 'The session has ended', 'invalid_token');
        request.authentication = { actor, exp: verified.exp };
        return true;
      });
    });
  }

  /** @throws ApiError `forbidden` where another site has sent a cookie that is no good: it learns no more */
  private denial(request: FastifyRequest, detail: string, error?: 'invalid_token'): ApiError {
    this.crossSite.check(request);
    return apiError('unauthenticated', detail, { header: 'Authorization' }, { headers: challenge(error) });
  }
}

/** Goes on with a value: now if it is there, else when it comes. */
function now<Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/**
 * The second global guard: who is asking is known and the body is not read yet. Counts the requests of signed-in accounts
 * that may change something, whatever comes of them.
 */
@Injectable()
export class WritesGuard implements CanActivate {
  constructor(
    private readonly limit: WriteLimit,
    private readonly crossSite: CrossSite,
  ) {}

  /** @throws ApiError `too_many_requests`; `unavailable` when it cannot be counted */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { method, authentication } = request;
    if (!authentication || SAFE_METHODS.has(method)) return true;
    // RightsGuard rejects it. Another site does not use up what its visitor may write here.
    if (this.crossSite.isForeign(request)) return true;
    const counted = this.limit.count(authentication.actor.id);
    return counted ? counted.then(() => true) : true;
  }
}

/** Methods whose body means nothing (RFC 9110, 9.3.1); it is not read. */
const WITHOUT_BODY = new Set(['GET', 'HEAD']);
/** What bodies that are being read may hold together, in bytes; strangers and signed-in accounts each have so much. */
const MEMORY_BYTES = 32 * 1024 * 1024;

/**
 * The third global guard: reads the body, which nobody has touched before. So a body of somebody unknown is not read
 * where a route needs a credential, and what is wrong with it is told before anything that it asks for is looked at (wire contract, order of refusals).
 */
@Injectable()
export class BodyGuard implements CanActivate {
  readonly #strangers = new BodyMemory(MEMORY_BYTES);
  readonly #signedIn = new BodyMemory(MEMORY_BYTES);

  /** @throws ApiError `payload_too_large`, `unsupported_media_type`, `malformed_body`, `request_timeout` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (WITHOUT_BODY.has(request.method)) return true;
    const { 'content-type': contentType, 'content-length': length, 'transfer-encoding': coding } = request.headers;
    const isEmpty = coding === undefined && (length === undefined || length === '0');
    if (isEmpty && contentType === undefined) return true;
    const own: readonly BodyFormat[] | undefined = Reflect.getMetadata(BODY_FORMATS, context.getHandler());
    const format = formatOf(contentType ?? '', own ?? [JSON_BODY]);
    return this.#read(request, context.switchToHttp().getResponse<FastifyReply>(), format);
  }

  async #read(request: FastifyRequest, reply: FastifyReply, format: BodyFormat): Promise<boolean> {
    const memory = request.authentication ? this.#signedIn : this.#strangers;
    // Who asks first whether the body is wanted sends it then (RFC 9110, 10.1.1).
    const isAsked = /^100-continue$/i.test(request.headers.expect ?? '');
    const begin = (): void => void (isAsked && reply.raw.writeContinue());
    const bytes = await readBody(request.raw, format.maxBytes, memory, begin);
    request.body = format.parse(bytes, request.headers['content-type'] ?? '');
    return true;
  }
}

function formatOf(contentType: string, formats: readonly BodyFormat[]): BodyFormat {
  const mediaType = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  const format = formats.find(({ mediaTypes }) => mediaTypes.includes(mediaType));
  if (format) return format;
  const taken = formats.flatMap(({ mediaTypes }) => mediaTypes).toReversed();
  throw apiError('unsupported_media_type', `Send ${taken.join(' or ')}`);
}

/**
 * The last global guard: another site may not act through a visitor's cookies, and the caller needs some right to the route's action on its kind of resource. Which rows it may
 * touch is decided in the repository's WHERE clause. A route that asks for nothing and is not public is closed.
 */
@Injectable()
export class RightsGuard implements CanActivate {
  constructor(private readonly crossSite: CrossSite) {}

  /** @throws ApiError `forbidden`; Error when nobody has found out who is asking */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    this.crossSite.check(request);
    const access = accessOf(context);
    if (access?.kind === 'public') return true;
    const { actor } = authenticationOf(request);
    if (access?.kind === 'signed-in') return true;
    if (!access) throw apiError('forbidden', 'Nobody may use this operation');
    if (actor.scopes(access.resourceType, access.action).size > 0) return true;
    throw apiError('forbidden', `Your role may not ${access.action} ${access.resourceType}`);
  }
}
