import { Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientAddress } from '../../auth/authentication/client-address.js';
import { SecondFactors } from '../../auth/authentication/second-factors.repository.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { ApiError } from '../../json-api/document/errors.js';
import { brokenRule } from '../../json-api/document/rules.js';
import { readFlatBody } from '../../json-api/write/body.js';
import { BrowserSessions } from '../../sign-in/sign-in.service.js';
import { SecondStep } from '../../sign-in/second-step.service.js';
import { MfaBody } from '../../sign-in/sign-in.dto.js';
import { fieldErrors } from '../fields.js';
import { Form, TakesForm, type SentForm } from '../form.js';
import { Page, Text, type PageResult } from '../page.decorators.js';
import { PagePaths } from '../page.paths.js';
import { doneView } from '../page.views.js';
import { SecondStepView } from './second-step.view.js';

/** Takes the form for the second factor of a sign-in. The service is that of `POST /auth/mfa` with `cookie`. */
@Page('sign-in/second-step')
export class SecondStepController {
  constructor(
    private readonly secondStep: SecondStep,
    private readonly factors: SecondFactors,
    private readonly browsers: BrowserSessions,
    private readonly rateLimiter: RateLimiter,
    private readonly view: SecondStepView,
    private readonly paths: PagePaths,
  ) {}

  @Post()
  @TakesForm()
  async prove(
    @Form() sent: SentForm,
    @Text() text: Text,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PageResult> {
    const returnTo = this.returnTo(sent.text('return_to'));
    const address = clientAddress(request);
    await this.rateLimiter.address('second_factor', address);
    const members = { ...sent.present('code', 'recovery_code'), ...sent.passkey() };
    const [member = 'code'] = Object.keys(members);
    const trustDevice = sent.text('trust_device') === 'true';
    try {
      const { mfa_token: token, ...body } = readFlatBody(MfaBody, { mfa_token: sent.text('mfa_token'), ...members });
      const factor = this.factors.sentIn(body);
      if (!factor) throw new ApiError([brokenRule('required', { name: member, source: { pointer: `/${member}` } })]);
      const proof = await this.secondStep.prove(token, factor, address);
      this.browsers.setCookies(reply, await this.browsers.start(request, reply, { ...proof, trustDevice }));
      return { location: returnTo ?? this.paths.to('account') };
    } catch (error) {
      if (isOver(error)) {
        const link = { href: this.paths.to('sign-in', { return_to: returnTo }), label: text.signIn.second.restart };
        return { ...doneView(text.signIn.second.expired, link), status: error.status };
      }
      const errors = fieldErrors(error, { invalid_credentials: member });
      const state = { email: '', returnTo, errors, token: sent.text('mfa_token'), trustDevice };
      return this.view.view({ ...state, factors: sent.text('factors').split(' ') }, text);
    }
  }

  private returnTo(sent: string): string | null {
    return sent === '' ? null : this.paths.destination(sent);
  }
}

/** Whether the token of the first step is not good any more. */
const isOver = (error: unknown): error is ApiError =>
  error instanceof ApiError && ['invalid_token', 'expired_token'].includes(error.errors[0].code);
