import { Global, Module } from '@nestjs/common';
import { AccountPageController } from './account/account.controller.js';
import { AccountSections } from './account/account.sections.js';
import { AccountView } from './account/account.view.js';
import { ChangeEmailPageController } from './account/change-email.controller.js';
import { ChangePasswordPageController } from './account/change-password.controller.js';
import { ConfirmPageController } from './account/confirm.controller.js';
import { OwnSessionsService } from './account/own-sessions.service.js';
import { ProfilePageController } from './account/profile.controller.js';
import { ConfirmEmailController, RevertEmailController } from './email.controller.js';
import { FormFields } from './fields.js';
import { ForgotPasswordController } from './forgot-password.controller.js';
import { JoinController } from './join.controller.js';
import { PagePaths } from './page.paths.js';
import { PageRenderer } from './page.renderer.js';
import { PageTemplates } from './page.templates.js';
import { ResetPasswordController } from './reset-password.controller.js';
import { ContinueController } from './sign-in/continue.controller.js';
import { PasswordWay } from './sign-in/password.way.js';
import { SecondStepController } from './sign-in/second-step.controller.js';
import { SecondStepView } from './sign-in/second-step.view.js';
import { SignInPageController } from './sign-in/sign-in.controller.js';
import { ExpiredSignOutController, SignOutPageController } from './sign-in/sign-out.controller.js';
import { SignInWays } from './sign-in/sign-in.ways.js';

/** The pages of links in mails, to sign in, and of one's own account, so that the service works without a front end. */
@Global()
@Module({
  controllers: [
    JoinController,
    ResetPasswordController,
    ForgotPasswordController,
    ConfirmEmailController,
    RevertEmailController,
    SignInPageController,
    SecondStepController,
    ContinueController,
    SignOutPageController,
    ExpiredSignOutController,
    AccountPageController,
    ProfilePageController,
    ChangePasswordPageController,
    ChangeEmailPageController,
    ConfirmPageController,
  ],
  providers: [
    PageRenderer,
    PageTemplates,
    PagePaths,
    FormFields,
    SignInWays,
    PasswordWay,
    SecondStepView,
    AccountSections,
    AccountView,
    OwnSessionsService,
  ],
  exports: [PageRenderer, PageTemplates, PagePaths, FormFields, SignInWays, AccountSections],
})
export class PagesModule {}
