import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { Params } from 'nestjs-pino';
import { AccountSessionsModule } from './account-sessions/account-sessions.module.js';
import { AccountsModule } from './accounts/accounts.module.js';
import { checkExtension } from './app.checks.js';
import type { Extension, Replacement } from './app.extension.js';
import { serviceLogging } from './app.logging.js';
import { migrateAll } from './app.migrate.js';
import { languagesOf } from './auth/authentication/authentication.js';
import { AuthModule } from './auth/auth.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { CONSTRAINTS, translateDatabaseError } from './database/errors/constraint-errors.js';
import { DatabaseModule } from './database/database.module.js';
import { OWN_ACTIONS } from './events/audit-action.js';
import { EventsModule } from './events/events.module.js';
import { HealthModule } from './health/health.module.js';
import { IdentityProvidersModule } from './identity-providers/identity-providers.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { JsonApiModule } from './json-api/http/json-api.module.js';
import { LanguageModule } from './language/language.module.js';
import { LoggingModule } from './logging/logging.module.js';
import { MailModule } from './mail/mail.module.js';
import { hasMailbox, MailboxModule } from './mailbox/mailbox.module.js';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { AppMetricsModule } from './app.metrics.module.js';
import { OneTimeTokensModule } from './one-time-tokens/one-time-tokens.module.js';
import { OrganizationsModule } from './organizations/organizations.module.js';
import { OutboundModule } from './outbound/outbound.module.js';
import { PagesModule } from './pages/pages.module.js';
import { PasskeysModule } from './passkeys/passkeys.module.js';
import { PersonalDataModule } from './personal-data/personal-data.module.js';
import { PasswordsModule } from './passwords/passwords.module.js';
import { RolesModule } from './roles/roles.module.js';
import { SecondFactorsModule } from './second-factors/second-factors.module.js';
import { SweepsModule } from './sweeps/sweeps.module.js';
import { SignInModule } from './sign-in/sign-in.module.js';
import { TracingModule } from './tracing/tracing.module.js';
import type { Tracing } from './tracing/tracing.js';

/** The modules of the service, in the order of their creation. Each is listed once, so that it can be extended. */
const MODULES: readonly Type<unknown>[] = [
  LanguageModule,
  SweepsModule,
  OutboundModule,
  PersonalDataModule,
  AuthModule,
  MailModule,
  OneTimeTokensModule,
  JobsModule,
  PasswordsModule,
  SignInModule,
  AccountsModule,
  AccountSessionsModule,
  OrganizationsModule,
  ApiKeysModule,
  RolesModule,
  PagesModule,
  IdentityProvidersModule,
  PasskeysModule,
  SecondFactorsModule,
  EventsModule,
  AppMetricsModule,
  HealthModule,
];

/** The list of modules. */
@Module({})
export class AppModule {
  /**
   * @param tracing the tracer, if tracing is on
   * @param logging logging options, also used before the modules exist
   * @throws TypeError with a sentence for each mistake of the extension
   */
  static register(
    config: Config,
    extension: Extension,
    tracing: Tracing | null = null,
    logging: Params = serviceLogging(config),
  ): DynamicModule {
    checkExtension(extension, MODULES, config);
    const { modules = [], replacements = [], actions = [], attributes = [], ...others } = extension;
    const replaced = [...replacements, ownActions(actions)];
    const constraints = { ...CONSTRAINTS, ...others.constraints };
    return {
      module: AppModule,
      imports: [
        ConfigModule.register(config),
        LoggingModule.register(logging),
        ...(tracing ? [TracingModule.register(tracing)] : []),
        DatabaseModule.register(extension, migrateAll),
        JsonApiModule.forRoot({
          prefix: config.apiPrefix,
          publicPath: config.publicPath,
          translate: (error, attributeName) => translateDatabaseError(error, attributeName, constraints),
          extensions: attributes,
          languages: languagesOf,
        }),
        ...MODULES.map((module) => withReplacements(module, replaced)),
        ...(hasMailbox(config) ? [MailboxModule] : []),
        ...modules,
      ],
    };
  }
}

const ownActions = (names: readonly string[]): Replacement => ({
  in: EventsModule,
  providers: [{ provide: OWN_ACTIONS, useValue: names }],
});

/** Nest adds a dynamic module's providers to the decorated ones, and of two with one token the later counts. */
function withReplacements(module: Type<unknown>, replacements: readonly Replacement[]): DynamicModule {
  return { module, providers: replacements.filter((one) => one.in === module).flatMap((one) => [...one.providers]) };
}
