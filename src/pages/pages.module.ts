import { Global, Module } from '@nestjs/common';
import { ConfirmEmailController, RevertEmailController } from './email.controller.js';
import { FormFields } from './fields.js';
import { ForgotPasswordController } from './forgot-password.controller.js';
import { JoinController } from './join.controller.js';
import { PageRenderer } from './page.renderer.js';
import { PageTemplates } from './page.templates.js';
import { ResetPasswordController } from './reset-password.controller.js';

/** Paths of the pages, outside of API_PREFIX: front ends and mails link to them. */
export const PAGE_PATHS = [
  'join',
  'join/done',
  'reset-password',
  'reset-password/done',
  'confirm-email',
  'confirm-email/done',
  'revert-email',
  'revert-email/done',
  'forgot-password',
  'forgot-password/sent',
];

/** The pages behind links in mails, so that the service works without a front end. */
@Global()
@Module({
  controllers: [
    JoinController,
    ResetPasswordController,
    ForgotPasswordController,
    ConfirmEmailController,
    RevertEmailController,
  ],
  providers: [PageRenderer, PageTemplates, FormFields],
  exports: [PageRenderer, PageTemplates],
})
export class PagesModule {}
