import { statSync } from 'node:fs';
import { VARIABLES, type VariableName } from '../../config/variables.js';
import { withRequiredTls } from '../../mail/mail.transport.js';
import { about, defineCheck, isLocal, type Finding, type Level, type Values } from './finding.js';

/** What is weak about a setting in production, though nothing refuses it. */
interface Weakness<Name extends VariableName = VariableName> {
  readonly level: Exclude<Level, 'ok'>;
  readonly text: string;
  applies(values: Values<Name>): boolean;
}

const NEEDS = [
  'NODE_ENV',
  'APP_URL',
  'MAIL_URL',
  'MAIL_FROM',
  'THROTTLE_DISABLED',
  'TRUSTED_PROXIES',
  'CORS_ORIGINS',
  'ACCESS_TOKEN_SECONDS',
  'LOG_LEVEL',
  'ADMIN_PASSWORD',
] as const satisfies readonly VariableName[];

/** In seconds: what a stolen access token is good for where nobody asks the service. */
const LONG_ACCESS_TOKEN = 3600;
const EVERYBODY = /^(0\.0\.0\.0|::)\/0$/;

const WEAKNESSES: readonly Weakness<(typeof NEEDS)[number]>[] = [
  {
    level: 'problem',
    text: 'THROTTLE_DISABLED is true: passwords can be guessed without limit. Take it away.',
    applies: (values) => values.THROTTLE_DISABLED,
  },
  {
    level: 'problem',
    text: 'APP_URL is http://: tokens in mailed links travel in the clear. Put TLS in front, and name the https:// address.',
    applies: ({ APP_URL: url }) => url?.startsWith('http:') === true && !isLocal(new URL(url).hostname),
  },
  {
    level: 'problem',
    text: 'APP_URL names this machine, which nobody who reads a mail can reach. Name the public address.',
    applies: ({ APP_URL: url }) => url !== null && isLocal(new URL(url).hostname),
  },
  {
    level: 'problem',
    text: 'TRUSTED_PROXIES believes everybody, so attempt limits can be forged away. Name the proxies.',
    applies: ({ TRUSTED_PROXIES: blocks }) => blocks?.some((block) => EVERYBODY.test(block)) === true,
  },
  {
    level: 'warning',
    text: 'TRUSTED_PROXIES is empty: behind a proxy, all clients share its attempt limits. Name the proxy.',
    applies: ({ TRUSTED_PROXIES: blocks }) => blocks === null,
  },
  {
    level: 'warning',
    text: 'CORS_ORIGINS lists an http:// origin: whoever is on the line can act as that page. Use https://.',
    applies: ({ CORS_ORIGINS: origins }) =>
      origins?.some((origin) => origin.startsWith('http:') && !isLocal(new URL(origin).hostname)) === true,
  },
  {
    level: 'warning',
    text: 'MAIL_URL sends in the clear where the relay offers no TLS. Use smtps://, or add ?requireTLS=true.',
    applies: ({ MAIL_URL: url }) =>
      url?.startsWith('smtp:') === true &&
      !isLocal(new URL(url).hostname) &&
      !withRequiredTls(url).includes('requireTLS=true'),
  },
  {
    level: 'warning',
    text: 'MAIL_FROM is an address at example.com, which relays refuse. Name a sender of your own.',
    applies: ({ MAIL_FROM: from }) => /@example\.com>?$/.test(from),
  },
  {
    level: 'warning',
    text: `ACCESS_TOKEN_SECONDS is above ${LONG_ACCESS_TOKEN}: services that verify tokens by themselves believe ended sessions for so long.`,
    applies: ({ ACCESS_TOKEN_SECONDS: seconds }) => seconds > LONG_ACCESS_TOKEN,
  },
  {
    level: 'warning',
    text: 'LOG_LEVEL writes more than operating needs. Set it to info.',
    applies: ({ LOG_LEVEL: level }) => level === 'debug' || level === 'trace',
  },
  {
    level: 'warning',
    text: 'ADMIN_PASSWORD is still set. It counts on an empty database only: take it away once the first admin is made.',
    applies: ({ ADMIN_PASSWORD: password }) => password !== null,
  },
];

const { ok, warning } = about('settings');

/** What is weak about the settings, each of which is right by itself. */
export const settingsCheck = defineCheck({
  subject: 'settings',
  needs: NEEDS,
  run: (values) => {
    if (values.NODE_ENV !== 'production') {
      return [warning(`NODE_ENV is ${values.NODE_ENV}: development conveniences are on. Set it to production there.`)];
    }
    const found = WEAKNESSES.filter((weakness) => weakness.applies(values));
    if (found.length === 0) return [ok('Nothing weak in them.')];
    return found.map(({ level, text }): Finding => ({ level, subject: 'settings', text }));
  },
});

/** Files of secrets that others on the machine can read (`NAME_FILE`). */
export function secretFileFindings(env: NodeJS.ProcessEnv): Finding[] {
  return Object.entries(VARIABLES).flatMap(([name, variable]) => {
    const path = 'secret' in variable ? env[`${name}_FILE`]?.trim() : undefined;
    const mode = path ? statSync(path, { throwIfNoEntry: false })?.mode : undefined;
    if (mode === undefined || (mode & 0o004) === 0) return [];
    return [warning(`${name}_FILE can be read by everybody on this machine. Run: chmod o= ${path}`)];
  });
}
