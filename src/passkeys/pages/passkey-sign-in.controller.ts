import { type OnModuleInit, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientAddress } from '../../auth/authentication/client-address.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { hasCode } from '../../pages/fields.js';
import { Form, type SentForm, TakesForm } from '../../pages/form.js';
import { Page, type PageResult } from '../../pages/page.decorators.js';
import { PagePaths } from '../../pages/page.paths.js';
import { SignInWays } from '../../pages/sign-in/sign-in.ways.js';
import { BrowserSessions } from '../../sign-in/sign-in.service.js';
import { PasskeySignInService } from '../passkey-sign-in.service.js';
import { assertionIn } from '../webauthn/responses.js';
import { PasskeyForms } from './passkey.forms.js';

/** Takes the form of a sign-in by passkey, which `/sign-in` shows beside the field for the e-mail. */
@Page('sign-in/passkey')
export class PasskeySignInPageController implements OnModuleInit {
  constructor(
    private readonly signIns: PasskeySignInService,
    private readonly browsers: BrowserSessions,
    private readonly rateLimiter: RateLimiter,
    private readonly ways: SignInWays,
    private readonly forms: PasskeyForms,
    private readonly paths: PagePaths,
  ) {}

  onModuleInit(): void {
    this.ways.registerNameless(({ returnTo, failed }, { signIn }) => {
      if (!this.forms.areOn) return null;
      return this.forms.form({
        page: 'sign-in/passkey',
        submit: signIn.passkey,
        error: signIn.passkeyFailed,
        hidden: { return_to: returnTo },
        request: { purpose: 'sign_in' },
        // Not again by itself, since a password manager may answer without asking.
        conditional: !failed,
        failed,
      });
    });
  }

  @Post()
  @TakesForm()
  async signIn(
    @Form() sent: SentForm,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PageResult> {
    const returnTo = this.paths.destination(sent.text('return_to') || this.paths.to('account'));
    await this.rateLimiter.address('passkey', clientAddress(request));
    try {
      const { transaction = '', response } = sent.passkey().passkey ?? {};
      const proof = { transaction, response: assertionIn(response, '/response') };
      this.browsers.setCookies(reply, await this.signIns.signIn(request, reply, proof));
    } catch (error) {
      if (!isFailure(error)) throw error;
      return { location: this.paths.to('sign-in', { return_to: sent.text('return_to') || null, failed: '' }) };
    }
    return { location: returnTo ?? this.paths.to('account') };
  }
}

/** Whether a passkey was not accepted; every other error has a page of its own. */
const isFailure = (error: unknown): boolean => hasCode(error, 'invalid_credentials', 'validation_failed');
