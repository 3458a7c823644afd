import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BODY_FORMATS, type BodyFormat } from '../../json-api/body/body-format.js';
import { BodyMemory } from '../../json-api/body/body-memory.js';
import { readBody } from '../../json-api/body/body-reader.js';
import { refuse } from '../../json-api/document/errors.js';
import { JSON_BODY } from '../../json-api/body/json-body.js';

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

  /** @throws JsonApiException `payload_too_large`, `unsupported_media_type`, `malformed_body`, `request_timeout` */
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
  throw refuse('unsupported_media_type', `Send ${taken.join(' or ')}`);
}
