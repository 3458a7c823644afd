import { Module } from '@nestjs/common';
import { ForgotPasswordController } from './forgot-password.controller.js';
import { JoinController } from './join.controller.js';
import { PageRenderer } from './page.renderer.js';
import { ResetPasswordController } from './reset-password.controller.js';

/** Addresses of the pages, which stand outside of API_PREFIX: front ends and mails know them by these names. */
export const PAGE_PATHS = [
  'join',
  'join/done',
  'reset-password',
  'reset-password/done',
  'forgot-password',
  'forgot-password/sent',
];

/** The pages that links in mails lead to, so that the service is whole without a front end. */
@Module({
  controllers: [JoinController, ResetPasswordController, ForgotPasswordController],
  providers: [PageRenderer],
  exports: [PageRenderer],
})
export class PagesModule {}
