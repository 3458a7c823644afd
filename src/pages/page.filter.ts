import { Catch, Inject, Injectable, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SAFE_METHODS } from '../auth/authentication/authentication.js';
import { ApiError, apiError, type ErrorCode } from '../json-api/document/errors.js';
import { JSON_API_OPTIONS, type JsonApiOptions } from '../json-api/http/options.js';
import { NO_ERRORS } from './fields.js';
import { SignInWays } from './sign-in/sign-in.ways.js';
import { textFor } from './text/page.language.js';
import { PagePaths } from './page.paths.js';
import { PageRenderer, type View } from './page.renderer.js';

/** Pages whose mails can be asked for on the page "forgot password". */
const MAILS_OF_RESETS = /\/(join|reset-password|forgot-password)\b/;

/** An error of a page that is not about signing in: of the e-mail only its owner's token says anything. */
const NO_STATE = { email: '', returnTo: null, errors: NO_ERRORS };

/** Renders errors of pages as pages. Private causes are logged, and never shown. */
@Injectable()
@Catch()
export class PageFilter implements ExceptionFilter {
  private readonly logger = new Logger(PageFilter.name);

  constructor(
    @Inject(JSON_API_OPTIONS) private readonly options: JsonApiOptions,
    private readonly pages: PageRenderer,
    private readonly paths: PagePaths,
    private readonly ways: SignInWays,
  ) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const exception = this.toException(error);
    if (exception.status >= 500) this.log(exception, request);
    const { code } = exception.errors[0];
    const redirect = this.redirect(code, request);
    if (redirect) return void reply.status(redirect.status).header('location', redirect.location).send('');
    const text = textFor(request);
    const next = await this.ways.after(exception, NO_STATE, text);
    if (next) return void reply.headers(exception.headers).send(this.pages.render(reply, next, text.locale));
    const seconds = Number(exception.headers['Retry-After'] ?? 0);
    const {
      title,
      body,
      link: again,
    } = isNotAllowed(exception) ? text.notAllowed : text.problem(code, Math.max(1, Math.ceil(seconds / 60)));
    const link = MAILS_OF_RESETS.test(request.url) ? again : undefined;
    const view: View<'problem'> = {
      template: 'problem',
      title,
      data: { heading: title, body, link: link === undefined ? null : { href: 'forgot-password', label: link } },
      status: exception.status,
    };
    const page = this.pages.render(reply, view, text.locale, this.paths.signOutLink(request, text));
    void reply.headers(exception.headers).send(page);
  }

  /** Pages that need a session, a recent sign-in, or a second factor are opened once there is one. */
  private redirect(code: ErrorCode, { method, url }: FastifyRequest): { location: string; status: number } | null {
    const page = this.paths.to(url.slice(1));
    if (code === 'reauthentication_required') {
      return { location: this.paths.to('account/confirm', { return_to: page }), status: 303 };
    }
    if (code === 'mfa_enrolment_required') return { location: this.paths.enrolment(page), status: 303 };
    if (code !== 'unauthenticated') return null;
    const location = this.paths.toAuth('continue', { return_to: page });
    return { location, status: SAFE_METHODS.has(method) ? 303 : 307 };
  }

  private toException(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    return this.options.translate(error) ?? apiError('internal_error', 'A page failed', undefined, { cause: error });
  }

  private log({ cause, stack, message }: ApiError, request: FastifyRequest): void {
    this.logger.error(`${message} (request ${request.id})`, cause instanceof Error ? cause.stack : stack);
  }
}

/** Whether the role does not allow it; a form of another site is rejected by its origin. */
const isNotAllowed = ({ errors: [{ code, source }] }: ApiError): boolean =>
  code === 'forbidden' && !(source !== undefined && 'header' in source);
