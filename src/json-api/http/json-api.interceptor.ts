import { hash } from 'node:crypto';
import {
  HttpStatus,
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import type { Item, Page } from '../document/response.js';
import { refuseParameters } from '../query/criteria.parser.js';
import { DocumentWriter, MEDIA_TYPE } from '../document/document.js';
import { FaultList, throwFaults } from '../document/errors.js';
import { checkAccept } from './negotiation.js';
import { JSON_API_OPTIONS, type JsonApiOptions } from './options.js';
import { ResourceRegistry } from '../resource/registry.js';
import { RequestParser } from './request.parser.js';
import {
  ANSWERS_WITH,
  NOT_JSON_API,
  PLAIN_PARAMETERS,
  RESOURCE_ROUTE,
  type ResourceRoute,
  type Verb,
} from './route.js';

/** What decorators say of a handler; they say the same in each request. */
interface Handling {
  readonly controller: object;
  readonly isJsonApi: boolean;
  readonly route: ResourceRoute | undefined;
  readonly parameters: readonly string[];
  /** How an answer is written; undefined where it is sent as it is. */
  readonly answersAs: Verb | undefined;
}

const isPage = (answer: Page | Item): answer is Page => 'rows' in answer;

/** A strong entity tag (RFC 9110): the row's version, which conditions of writes compare, and the representation. */
const entityTag = (item: Item, document: string): string =>
  `"${item.version}-${hash('sha256', document, 'base64url')}"`;

/**
 * The one interceptor of JSON:API: parses and checks a request before its handler, and writes the document after it.
 * Routes without a resource only have their query parameters checked.
 */
@Injectable()
export class JsonApiInterceptor implements NestInterceptor {
  private readonly parser: RequestParser;
  private readonly writer: DocumentWriter;
  private readonly handlings = new WeakMap<object, Handling>();

  constructor(
    private readonly reflector: Reflector,
    registry: ResourceRegistry,
    @Inject(JSON_API_OPTIONS) options: JsonApiOptions,
  ) {
    this.parser = new RequestParser(registry.resource);
    this.writer = new DocumentWriter(options, registry.resource);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { isJsonApi, route, parameters, answersAs } = this.handling(context);
    if (!isJsonApi) return next.handle();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    checkAccept(request.headers.accept);
    const faults = new FaultList();
    if (route) request.jsonApi = this.parser.parse(route, request, faults);
    else refuseParameters(request.url, parameters, faults);
    throwFaults(faults);
    if (!answersAs) return next.handle();
    return next.handle().pipe(map((answer?: Page | Item) => this.write(answersAs, answer, reply)));
  }

  private handling(context: ExecutionContext): Handling {
    const [handler, controller] = [context.getHandler(), context.getClass()];
    const known = this.handlings.get(handler);
    // Two controllers may inherit one handler.
    if (known?.controller === controller) return known;
    const metadata = <Value>(key: string): Value | undefined => this.reflector.get<Value | undefined>(key, handler);
    const route = metadata<ResourceRoute>(RESOURCE_ROUTE);
    const handling = {
      controller,
      isJsonApi: !this.reflector.get<boolean | undefined>(NOT_JSON_API, controller),
      route,
      parameters: metadata<readonly string[]>(PLAIN_PARAMETERS) ?? [],
      answersAs: route?.verb ?? (metadata<boolean>(ANSWERS_WITH) ? 'show' : undefined),
    } satisfies Handling;
    this.handlings.set(handler, handling);
    return handling;
  }

  private write(verb: Verb, answer: Page | Item | undefined, reply: FastifyReply): Buffer | string | undefined {
    if (answer === undefined) return undefined;
    void reply.header('content-type', MEDIA_TYPE);
    if (isPage(answer)) return this.writer.page(answer);
    const document = this.writer.item(answer);
    void reply.header('etag', entityTag(answer, document));
    if (verb === 'create' || verb === 'delete') void reply.header('location', this.writer.self(answer.row));
    // A deletion has nothing to show but the job to which it was handed.
    if (verb === 'delete') void reply.status(HttpStatus.ACCEPTED);
    return document;
  }
}
