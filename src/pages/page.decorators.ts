import {
  applyDecorators,
  Controller,
  createParamDecorator,
  Injectable,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ApiExcludeController } from '../json-api/openapi/decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { RejectsApiKeys } from '../auth/authentication/api-key-access.js';
import { CrossSite } from '../auth/authentication/authentication.js';
import { Public, SignedIn } from '../auth/authorization/actor.js';
import { NotJsonApi, Unprefixed } from '../json-api/http/routes.js';
import { PageFilter } from './page.filter.js';
import { textFor } from './text/page.language.js';
import { PagePaths } from './page.paths.js';
import { PageRenderer, type View } from './page.renderer.js';
import type { PageText } from './text/page.text.js';

/** The result of a page handler: a view, or a redirect to a URL; 303 unless a form is to be sent once more. */
export type PageResult = View | { readonly location: string; readonly status?: 307 };

/** The texts of a page in the language of the request. */
export type Text = PageText;
export const Text = createParamDecorator((_: unknown, context: ExecutionContext): PageText =>
  textFor(context.switchToHttp().getRequest<FastifyRequest>()),
);

/**
 * Rejects cross-site form submissions, with or without cookies. Forms are protected by their token; this prevents other
 * sites from making visitors try tokens or request mails.
 */
@Injectable()
export class PageGuard implements CanActivate {
  constructor(private readonly crossSite: CrossSite) {}

  /** @throws ApiError `forbidden` */
  canActivate(context: ExecutionContext): boolean {
    this.crossSite.checkForm(context.switchToHttp().getRequest<FastifyRequest>());
    return true;
  }
}

/** Renders views. */
@Injectable()
export class PageInterceptor implements NestInterceptor {
  constructor(
    private readonly pages: PageRenderer,
    private readonly paths: PagePaths,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler<PageResult>): Observable<string | undefined> {
    const http = context.switchToHttp();
    const [request, reply] = [http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>()];
    return next.handle().pipe(
      map((answer) => {
        if (!('location' in answer)) {
          const text = textFor(request);
          return this.pages.render(reply, answer, text.locale, this.paths.signOutLink(request, text));
        }
        // 303 See Other, so that going back or reloading submits nothing twice (RFC 9110, 15.4.4).
        void reply.status(answer.status ?? 303).header('location', answer.location);
        return undefined;
      }),
    );
  }
}

interface PageOptions {
  readonly prefixed?: boolean;
  readonly signedIn?: boolean;
}

/**
 * A controller of HTML pages, not part of the API; errors are pages too.
 * @param options `prefixed` puts them under API_PREFIX; without it they are outside, as those that mails link to.
 * `signedIn` requires a session, and leads to `/sign-in` without one; other pages are public
 */
export const Page = (path: string, { prefixed = false, signedIn = false }: PageOptions = {}): ClassDecorator =>
  applyDecorators(
    Controller(path),
    ...(prefixed ? [] : [Unprefixed()]),
    ...(signedIn ? [SignedIn(), RejectsApiKeys()] : [Public()]),
    NotJsonApi(),
    ApiExcludeController(),
    UseGuards(PageGuard),
    UseInterceptors(PageInterceptor),
    UseFilters(PageFilter),
  );
