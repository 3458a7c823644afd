import { Controller, Get, Param, Res, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/authorization/actor.js';
import { apiError } from '../json-api/document/errors.js';
import { NotJsonApi } from '../json-api/http/routes.js';
import { markup, type Html } from '../pages/markup.js';
import { MAIL_POLICY } from '../pages/page.assets.js';
import { PageRenderer } from '../pages/page.renderer.js';
import { MailboxFiles, type StoredMail } from './mailbox.files.js';
import { MailboxGuard } from './mailbox.guard.js';

/** The development mailbox, for mails that are not sent because there is no relay. In English only. */
@Controller('dev/mailbox')
@Public()
@NotJsonApi()
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
    const mails = await this.mails.newest();
    const body = markup`<h1>Development mailbox</h1>
<p>Without MAIL_URL, mails are written into the data folder and go nowhere else. The newest come first.</p>
${mails.length === 0 ? markup`<p>No mail yet.</p>` : list(token, mails)}`;
    return this.pages.render(reply, { title: 'Development mailbox', body, wide: true }, 'en');
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
    return this.pages.render(
      reply,
      { title: mail.subject, body: reading(token, mail), wide: true, policy: MAIL_POLICY },
      'en',
    );
  }
}

const list = (token: string, mails: readonly StoredMail[]): Html => markup`<ul class="mails">
${mails.map(item(token))}</ul>`;

const item =
  (token: string) =>
  ({ name, date, to, subject }: StoredMail): Html =>
    markup`<li><a href="${token}/${name}">${subject}</a><br><span class="quiet">To ${to}<br>${time(date)}</span></li>
`;

const reading = (token: string, { date, to, subject, text, html, links }: StoredMail): Html =>
  markup`<p><a href="../${token}">All mails</a></p>
<h1>${subject}</h1>
<p class="quiet">To ${to}<br>${time(date)}</p>
${links.map((url) => markup`<p><a href="${url}">${url}</a></p>`)}
${html !== undefined && frame(html)}
<h2>Plain text</h2>
<pre>${text}</pre>`;

/** The mail's HTML runs no scripts and loads nothing; links open in a new window. */
const frame = (html: string): Html => markup`<h2>HTML</h2>
<iframe title="The mail as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${`<base target="_blank">${html}`}"></iframe>`;

const time = (date: Date | undefined): string => date?.toISOString().replace('T', ' ').replace(/\..*/, ' UTC') ?? '';
