/**
 * The public API: what a team's own modules are built with (docs/adding-a-resource.md, docs/extending.md). Everything else
 * in `src/` may change without notice.
 */

// Before the decorators of the service
import './json-api/openapi/decorate-now.js';

// Starting the service, and its command line, with a team's own modules
export { createApp } from './app.setup.js';
export { combineExtensions, type Extension, type Replacement } from './app.extension.js';
export { runCli } from './cli/run.js';
export { Config } from './config/config.js';
export { loadConfig } from './config/load-config.js';
export { listen } from './transport/listen.js';

// Own variables and commands
export type { VariableTable } from './config/variables/variable.js';
export { boolean, email, integer, line, list, oneOf, url } from './config/variables/schemas.js';
export { Command } from '@commander-js/extra-typings';
export { eachParsedBy, parsedBy } from './cli/command.js';
export type { OwnCommandContext, OwnCommandFactory } from './cli/own-command.js';

// Resources
export * from './json-api/resource/resource.js';
export { extendResource, relateResource, type ResourceExtension } from './json-api/resource/resource-extension.js';
export * from './json-api/resource/validation-rules.js';
export { type FieldType, FOLDED, SORTED, TIME } from './json-api/resource/field-types.js';
export { defineFieldType } from './json-api/resource/field-type-factories.js';
export * from './json-api/resource.repository.js';
export * from './json-api/resource.service.js';
export type { Facts, Restrictions } from './json-api/resource/permissions.js';
export * from './json-api/http/routes.js';
export * from './json-api/http/request.js';
export type { CreateDocument, UpdateDocument } from './json-api/write/write-document.js';
export { IsOfType, readFlatBody } from './json-api/write/body.js';
export { IS_OF_TYPE } from './json-api/write/validators.js';
export type { Item, Page } from './json-api/document/response.js';
export * from './json-api/document/errors.js';
export { attributeField, brokenRule, RULES, type Rule, type RuleName } from './json-api/document/rules.js';
export { Messages } from './language/messages.js';
export { isUuid, type Sql, sql, type Transaction, Transactions, TRUE } from './json-api/sql/sql.js';
export { plainValues, type Operands } from './json-api/sql/operators.js';

// Who is asking, and what they may do
export { Requires, type Actor } from './auth/authorization/actor.js';
export { Public } from './auth/authorization/actor.js';
export { Roles } from './auth/authorization/roles.js';
export { RejectsApiKeys } from './auth/authentication/api-key-access.js';
export { CurrentActor } from './auth/authentication/authentication.js';
export {
  Reauthentication,
  type ReauthenticationMethods,
  RequiresFreshSignIn,
} from './auth/authentication/fresh-sign-in.js';
export { RateLimit } from './auth/rate-limit/rate-limiter.js';

// What is stored about people
export {
  PersonalData,
  type ErasedAccount,
  type Eraser,
  type Omitted,
  type PersonalTable,
} from './personal-data/personal-data.js';

// Events and the audit trail
export { Audit } from './events/audit.js';
export type { OwnActions } from './events/audit-action.js';
export { OnIamEvent, type IamEvent } from './events/iam-event.js';

// Mails and the outbox
export { MailRecipients } from './mail/mail.address.js';
export { MailService } from './mail/mail.service.js';
export type { MailData } from './mail/mail.data.js';
export { MailTemplates } from './mail/mail.templates.js';
export { Outbox } from './outbox/outbox.js';
export { OutboxHandlers } from './outbox/outbox.handlers.js';
export type { OutboxTasks } from './outbox/outbox.tasks.js';

// Pages
export { AccountSections, type AccountSection } from './pages/account/account.sections.js';
export { PagePaths } from './pages/page.paths.js';
export { SignInWays, type NextStep, type SignInState, type SignInWay } from './pages/sign-in/sign-in.ways.js';
export { Page as HtmlPage, type PageResult, Text as PageTexts } from './pages/page.decorators.js';
export type { FormData, PageData, SectionData } from './pages/page.data.js';
export { fieldErrors, FormFields, NO_ERRORS, type FieldErrors } from './pages/fields.js';
export { Form, SentForm, TakesForm } from './pages/form.js';
export { PageTemplates } from './pages/page.templates.js';
export { doneView, formView } from './pages/page.views.js';

// Health and periodic work
export { Readiness, type Check as ReadinessCheck } from './health/readiness.js';
export { PeriodicJobs, type PeriodicJob } from './sweeps/periodic-jobs.js';
export { Sweeps, type Sweep } from './sweeps/sweeps.js';

// Entities and modules that a team refers to or replaces parts of
export { AccountRules, type AccountCandidate, type AccountOccasion } from './accounts/account.rules.js';
export { AccountsModule } from './accounts/accounts.module.js';
export { EmailReverts, type RevertedChange, type RevertStep } from './accounts/email/email-reverts.js';
export { Account } from './accounts/account.entity.js';
export { AccountResource } from './accounts/account.resource.js';
export { Organization } from './organizations/organization.entity.js';
export { OrganizationResource } from './organizations/organization.resource.js';
export { PasswordPolicy, type PasswordOwner, type PasswordRule } from './passwords/policy/password.policy.js';
export { PasswordsModule } from './passwords/passwords.module.js';
