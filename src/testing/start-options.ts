import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Extension, Replacement } from '../app.extension.js';
import { MailModule } from '../mail/mail.module.js';
import { OutboxSettings } from '../outbox/outbox.handlers.js';
import type { NodeClock } from './clock/node-clock.js';
import { TEST_ENVIRONMENT } from './test-environment.js';

/** Names the server of the tests where no option does. */
export const SERVER_VARIABLE = 'IAM_TESTING_DATABASE_URL';

/** What an app is started with. */
export interface StartOptions {
  /** What the team adds to the service. */
  readonly extension?: Extension;
  /** Path or `file:` URL of the roles file; the built-in roles by default. */
  readonly roles?: string | URL;
  /** How Node's clock is moved: by replacing `Date`, unless fake timers of the runner do it. */
  readonly clock?: NodeClock;
  /**
   * URL of a PostgreSQL server on which the kit may create databases of its own; it never touches the one that the URL
   * names. By default that of `IAM_TESTING_DATABASE_URL`, and without it the embedded server.
   */
  readonly database?: string;
  /** Variables of the service besides those of the kit, such as `{ THROTTLE_DISABLED: 'false' }`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What keeps the app apart comes last, so that nothing leads it to another database. */
export function environment(
  { roles, env = {} }: StartOptions,
  databaseUrl: string,
  dataDir: string,
): NodeJS.ProcessEnv {
  return {
    ...TEST_ENVIRONMENT,
    ...(roles !== undefined && { ROLES_FILE: roles instanceof URL ? fileURLToPath(roles) : resolve(roles) }),
    ...env,
    NODE_ENV: 'test',
    DATABASE_URL: databaseUrl,
    DATABASE_DIRECT_URL: '',
    DATABASE_POOLER: '',
    DATA_DIR: dataDir,
    MAIL_URL: '',
    // The template is up to date.
    MIGRATE_ON_START: 'false',
  };
}

/** The outbox looks for jobs that a clock has made due ten times a second. */
class EagerSettings extends OutboxSettings {
  override readonly pollMs = 100;
}

const EAGER: Replacement = { in: MailModule, providers: [{ provide: OutboxSettings, useClass: EagerSettings }] };

/** The extension with that, unless it has settings of its own. */
export function eager(extension: Extension): Extension {
  const { replacements = [] } = extension;
  const tokens = replacements.flatMap(({ providers }) =>
    providers.map((one) => ('provide' in one ? one.provide : one)),
  );
  return tokens.includes(OutboxSettings) ? extension : { ...extension, replacements: [...replacements, EAGER] };
}
