import { Get, Param, Post, Query } from '@nestjs/common';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { type Actor, Requires } from '../../auth/authorization/actor.js';
import { SignOutService } from '../../sign-in/sign-out.service.js';
import { TakesForm } from '../form.js';
import { Page, Text, type PageResult } from '../page.decorators.js';
import { PagePaths } from '../page.paths.js';
import { AccountView } from './account.view.js';
import { OwnSessionsService } from './own-sessions.service.js';

/** The page of one's own account: an overview, and its sessions. */
@Page('account', { signedIn: true })
export class AccountPageController {
  constructor(
    private readonly account: AccountView,
    private readonly sessions: OwnSessionsService,
    private readonly signOuts: SignOutService,
    private readonly paths: PagePaths,
  ) {}

  @Get()
  show(@CurrentActor() actor: Actor, @Query('notice') notice: unknown, @Text() text: Text): Promise<PageResult> {
    return this.account.view(actor, text, notice);
  }

  @Post('sessions/:id/end')
  @Requires('iam:account_sessions', 'delete')
  @TakesForm()
  async endSession(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<PageResult> {
    await this.sessions.end(actor, id);
    return { location: this.paths.to('account', { notice: 'session' }) };
  }

  @Post('sessions/end-others')
  @TakesForm()
  async endOthers(@CurrentActor() actor: Actor): Promise<PageResult> {
    await this.signOuts.end(actor.session, 'others');
    return { location: this.paths.to('account', { notice: 'sessions' }) };
  }
}
