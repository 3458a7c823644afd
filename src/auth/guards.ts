import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { ApiError, apiError } from '../json-api/document/errors.js';
import { BodyMemory, readBody } from '../json-api/http/body-reader.js';
import { BODY_FORMATS, type BodyFormat, JSON_BODY } from '../json-api/http/http.js';
import {
  authenticationOf,
  challenge,
  credentialsOf,
  CrossSite,
  SAFE_METHODS,
} from './authentication/authentication.js';
import { API_KEY_PREFIX, ApiKeyActors, type KeyUse, rejectsApiKeys } from './authentication/api-key-access.js';
import { FRESH_SIGN_IN, isOpenWithoutFactor, Reauthentication } from './authentication/fresh-sign-in.js';
import { accessOf, type Actor } from './authorization/actor.js';
import { WriteLimit } from './rate-limit/write-limit.js';
import { ActorLoader } from './sessions/actor-loader.js';
import { AccessTokens, type KeyToken, type SessionToken } from './tokens/access-tokens.js';

/**
 * The first global guard, before the body is read: every route but the public ones needs an access token whose session
 * or API key is good, or an API key. Any error denies the request: with 503 when the database cannot load the actor.
 */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly actors: ActorLoader,
    private readonly keys: ApiKeyActors,
    private readonly crossSite: CrossSite,
  ) {}

  /** @throws ApiError `unauthenticated`, or `forbidden` for a cross-site request; and what the driver throws */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    // A public route ignores tokens, so that an expired one does not reject the request.
    if (accessOf(context)?.kind === 'public') return true;

    const credentials = credentialsOf(request);
    if (!credentials) throw this.denial(request, 'Sign in first');
    const { token, via } = credentials;
    if (via === 'bearer' && token.startsWith(API_KEY_PREFIX)) {
      return now(this.keys.ofKey(token), (use) => this.allow(request, use));
    }
    // Usually both are cached, and nothing is awaited.
    return now(this.tokens.verify(token), (verified) => {
      if (!verified) throw this.denial(request, 'The access token is not valid or has expired', 'invalid_token');
      if ('sid' in verified) return this.continueSession(request, verified);
      // A machine has no cookies, and a browser no key.
      return via === 'bearer' ? this.continueKey(request, verified) : this.allow(request, null);
    });
  }

  private continueSession(request: FastifyRequest, { sid, sub, exp }: SessionToken) {
    return now(this.actors.load(sid, sub), (actor) => {
      if (!actor) throw this.denial(request, 'The session has ended', 'invalid_token');
      request.authentication = { actor, exp };
      return true;
    });
  }

  private continueKey(request: FastifyRequest, { finder, keyId, exp }: KeyToken) {
    return now(this.keys.ofToken(finder, keyId), (use) => this.allow(request, use && { ...use, exp }));
  }

  /** Sets the actor of a key; `null` is a key that is not good. */
  private allow(request: FastifyRequest, use: KeyUse | null): boolean {
    if (!use) throw this.denial(request, 'The API key is not valid, has expired or was revoked', 'invalid_token');
    request.authentication = use;
    return true;
  }

  /** @throws ApiError `forbidden` when another site sent an invalid cookie, so that it learns nothing else */
  private denial(request: FastifyRequest, detail: string, error?: 'invalid_token'): ApiError {
    this.crossSite.check(request);
    return apiError('unauthenticated', detail, { header: 'Authorization' }, { headers: challenge(error) });
  }
}

/** Calls `next` synchronously with a value, or when the promise resolves. */
function now<Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/**
 * The second global guard: the actor is known and the body is not read yet. Counts the requests of signed-in accounts
 * that may change something, whatever their result.
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
/** Maximum memory of all bodies that are being read, in bytes, for unauthenticated and for signed-in clients each. */
const MEMORY_BYTES = 32 * 1024 * 1024;

/**
 * The third global guard: reads the body. So the body of an unauthenticated client is not read when a route requires a
 * credential, and its errors are reported before anything is looked up (wire contract, order of rejections).
 */
@Injectable()
export class BodyGuard implements CanActivate {
  readonly #unauthenticated = new BodyMemory(MEMORY_BYTES);
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
    const memory = request.authentication ? this.#signedIn : this.#unauthenticated;
    // The client waits for `100 Continue` before it sends the body (RFC 9110, 10.1.1).
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
 * The fourth global guard: another site may not act through a visitor's cookies, and the actor needs a right to the
 * route's action on its resource type. The rows are selected by the scope condition of the repository. A route that
 * declares no access is closed, and so are most to API keys: `rejectsApiKeys`, and to accounts without the second factor that
 * they must have: `isOpenWithoutFactor`.
 */
@Injectable()
export class RightsGuard implements CanActivate {
  constructor(private readonly crossSite: CrossSite) {}

  /** @throws ApiError `forbidden`, `mfa_enrolment_required`; Error when the request was not authenticated */
  canActivate(context: ExecutionContext): boolean {
    // V8 never optimizes a function that ends by throwing, so this one only throws: a twelfth of a response with 403.
    const denial = this.denialOf(context);
    if (denial) throw denial;
    return true;
  }

  private denialOf(context: ExecutionContext): ApiError | null {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    this.crossSite.check(request);
    const access = accessOf(context);
    if (access?.kind === 'public') return null;
    const { actor } = authenticationOf(request);
    if (actor.apiKeyId !== null && rejectsApiKeys(context)) {
      return apiError('forbidden', 'API keys may not do this; sign in as a person');
    }
    if (actor.lacksFactor && !isOpenWithoutFactor(context)) {
      return apiError('mfa_enrolment_required', 'Add a second factor to your account first, or a passkey');
    }
    if (access?.kind === 'signed-in') return null;
    if (!access) return apiError('forbidden', 'This operation is not open to any role');
    if (actor.scopes(access.resourceType, access.action).size > 0) return null;
    return apiError('forbidden', `Your role may not ${access.action} ${access.resourceType}`);
  }
}

/** The last global guard: the sign-in of the session is recent where the route requires it. */
@Injectable()
export class FreshSignInGuard implements CanActivate {
  readonly #milliseconds: number;

  constructor(
    @Inject(Config) config: Pick<Config, 'reauthenticationSeconds'>,
    private readonly actors: ActorLoader,
    private readonly reauthentication: Reauthentication,
  ) {
    this.#milliseconds = config.reauthenticationSeconds * 1_000;
  }

  /** @throws ApiError `reauthentication_required` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (Reflect.getOwnMetadata(FRESH_SIGN_IN, context.getHandler()) !== true) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    return this.#isFresh(authenticationOf(request).actor) || this.#reload(request);
  }

  /** The actor may come out of memory, and have proved who it is on another instance a moment ago. */
  async #reload(request: FastifyRequest): Promise<boolean> {
    const { actor, exp } = authenticationOf(request);
    const current = await this.actors.reload(actor.session.sessionId, actor.id);
    if (!current || !this.#isFresh(current)) throw await this.#error(actor);
    request.authentication = { actor: current, exp };
    return true;
  }

  #isFresh({ authenticatedAt }: Actor): boolean {
    return authenticatedAt !== null && Date.now() - authenticatedAt.getTime() <= this.#milliseconds;
  }

  async #error(actor: Actor): Promise<ApiError> {
    const methods = await this.reauthentication.methodsOf(actor);
    const detail = 'This needs a recent sign-in: prove who you are with POST /auth/reauthenticate first';
    return new ApiError([{ code: 'reauthentication_required', detail, meta: { methods } }]);
  }
}
