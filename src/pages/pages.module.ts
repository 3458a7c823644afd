import { Global, Module } from '@nestjs/common';
import { ConfirmEmailController, RevertEmailController } from './email.controller.js';
import { FormFields } from './fields.js';
import { ForgotPasswordController } from './forgot-password.controller.js';
import { JoinController } from './join.controller.js';
import { PageRenderer } from './page.renderer.js';
import { PageTemplates } from './page.templates.js';
import { ResetPasswordController } from './reset-password.controller.js';

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
  exports: [PageRenderer, PageTemplates, FormFields],
})
export class PagesModule {}
