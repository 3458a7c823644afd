import { createParamDecorator, Injectable, type ExecutionContext, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refuse } from '../json-api/errors.js';
import { LIMITS } from '../json-api/limits.js';

const FORM = 'application/x-www-form-urlencoded';

const refused = () => refuse('unsupported_media_type', 'Send application/vnd.api+json or application/json');

/** A route that takes what a form of a page sends. Every other route refuses it. */
export const TakesForm = (): MethodDecorator => RouteConfig({ takesForm: true });

/** The fields of a form that was sent. */
export class SentForm {
  private readonly fields: URLSearchParams;

  /** @param body as browsers encode it (URL standard, application/x-www-form-urlencoded); any text is understood */
  constructor(body: string) {
    this.fields = new URLSearchParams(body);
  }

  /** What was filled in; empty when there is no such field. */
  text(name: string): string {
    return this.fields.get(name) ?? '';
  }
}

/** The form that was sent. @throws JsonApiException `unsupported_media_type` when it was something else */
export const Form = createParamDecorator((_: unknown, context: ExecutionContext): SentForm => {
  const { body } = context.switchToHttp().getRequest<FastifyRequest>();
  if (body instanceof SentForm) return body;
  throw refuse('unsupported_media_type', `Send ${FORM}`);
});

/** Teaches the HTTP server forms, for routes that take them and for no other. */
@Injectable()
export class FormParser implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    server.addContentTypeParser<string>(
      FORM,
      { parseAs: 'string', bodyLimit: LIMITS.formBytes },
      (request, body, done) => {
        const takesForm = 'takesForm' in request.routeOptions.config;
        done(takesForm ? null : refused(), takesForm ? new SentForm(body) : undefined);
      },
    );
  }
}
