import { Controller, Get, Param, Res, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '../json-api/openapi/decorators.js';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/authorization/actor.js';
import { apiError } from '../json-api/document/errors.js';
import { NotJsonApi, Unprefixed } from '../json-api/http/routes.js';
import { PageRenderer } from '../pages/page.renderer.js';
import { MailboxFiles } from './mailbox.files.js';
import { MailboxGuard } from './mailbox.guard.js';
import { listView, mailView } from './mailbox.pages.js';

/** The development mailbox, for mails that are not sent because there is no relay. In English only. */
@Controller('dev/mailbox')
@Public()
@NotJsonApi()
@Unprefixed()
@ApiExcludeController()
@UseGuards(MailboxGuard)
export class MailboxController {
  constructor(
    private readonly mails: MailboxFiles,
    private readonly pages: PageRenderer,
  ) {}

  /** Without the token: the guard's error says where to find the URL. */
  @Get()
  closed(): never {
    throw apiError('not_found', 'There is no such mail');
  }

  @Get(':token')
  async list(@Param('token') token: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    return this.pages.render(reply, listView(token, await this.mails.newest()), 'en');
  }

  /** @throws ApiError 404 */
  @Get(':token/:name')
  async show(
    @Param('token') token: string,
    @Param('name') name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const mail = await this.mails.find(name);
    if (!mail) throw apiError('not_found', 'There is no such mail');
    return this.pages.render(reply, mailView(token, mail), 'en');
  }
}
