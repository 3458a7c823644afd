import { statSync } from 'node:fs';
import { relyingParty } from '../../config/relying-party.js';
import { VARIABLES, type VariableName } from '../../config/variables.js';
import { withRequiredTls } from '../../mail/mail.transport.js';
import { about, defineCheck, isLocal, type Finding, type Level, type Values } from './finding.js';

/** A setting that is accepted in production, but weak. */
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
  'WEBAUTHN_RP_ID',
  'ACCESS_TOKEN_SECONDS',
  'LOG_LEVEL',
  'ADMIN_PASSWORD',
] as const satisfies readonly VariableName[];

/** In seconds: how long a stolen access token is valid for services that verify it offline. */
const LONG_ACCESS_TOKEN = 3600;
const ANY_ADDRESS = /^(0\.0\.0\.0|::)\/0$/;

const WEAKNESSES: readonly Weakness<(typeof NEEDS)[number]>[] = [
  {
    level: 'problem',
    text: 'THROTTLE_DISABLED is true: passwords can be guessed without limit. Remove it.',
    applies: (values) => values.THROTTLE_DISABLED,
  },
  {
    level: 'problem',
    text: 'APP_URL is http://: tokens in mailed links are sent in plain text. Use TLS, and set the https:// address.',
    applies: ({ APP_URL: url }) => url?.startsWith('http:') === true && !isLocal(new URL(url).hostname),
  },
  {
    level: 'problem',
    text: 'APP_URL is this machine, which recipients of mails cannot reach. Set the public address.',
    applies: ({ APP_URL: url }) => url !== null && isLocal(new URL(url).hostname),
  },
  {
    level: 'problem',
    text: 'TRUSTED_PROXIES trusts every address, so attempt limits can be bypassed. Set the proxies.',
    applies: ({ TRUSTED_PROXIES: blocks }) => blocks?.some((block) => ANY_ADDRESS.test(block)) === true,
  },
  {
    level: 'warning',
    text: 'TRUSTED_PROXIES is empty: behind a proxy, all clients share its attempt limits. Set the proxy.',
    applies: ({ TRUSTED_PROXIES: blocks }) => blocks === null,
  },
  {
    level: 'warning',
    text: 'CORS_ORIGINS lists an http:// origin: an attacker on the network can act as that page. Use https://.',
    applies: ({ CORS_ORIGINS: origins }) =>
      origins?.some((origin) => origin.startsWith('http:') && !isLocal(new URL(origin).hostname)) === true,
  },
  {
    level: 'warning',
    text: 'Passkeys are off: they are bound to a domain, and APP_URL has an IP address. Set a host name.',
    applies: ({ APP_URL: url, CORS_ORIGINS: origins, WEBAUTHN_RP_ID: webauthnRpId }) =>
      url?.startsWith('https:') === true && 'off' in relyingParty({ corsOrigins: origins ?? [], webauthnRpId }, url),
  },
  {
    level: 'warning',
    text: 'MAIL_URL sends in plain text if the relay offers no TLS. Use smtps://, or add ?requireTLS=true.',
    applies: ({ MAIL_URL: url }) =>
      url?.startsWith('smtp:') === true &&
      !isLocal(new URL(url).hostname) &&
      !withRequiredTls(url).includes('requireTLS=true'),
  },
  {
    level: 'warning',
    text: 'MAIL_FROM is an address at example.com, which relays reject. Set your own sender.',
    applies: ({ MAIL_FROM: from }) => /@example\.com>?$/.test(from),
  },
  {
    level: 'warning',
    text: `ACCESS_TOKEN_SECONDS is above ${LONG_ACCESS_TOKEN}: services that verify tokens offline accept ended sessions for that time.`,
    applies: ({ ACCESS_TOKEN_SECONDS: seconds }) => seconds > LONG_ACCESS_TOKEN,
  },
  {
    level: 'warning',
    text: 'LOG_LEVEL writes more than operation needs. Set it to info.',
    applies: ({ LOG_LEVEL: level }) => level === 'debug' || level === 'trace',
  },
  {
    level: 'warning',
    text: 'ADMIN_PASSWORD is still set. It is used on an empty database only: remove it once the first admin exists.',
    applies: ({ ADMIN_PASSWORD: password }) => password !== null,
  },
];

const { ok, warning } = about('settings');

/** Weak settings that are valid individually. */
export const settingsCheck = defineCheck({
  subject: 'settings',
  needs: NEEDS,
  run: (values) => {
    if (values.NODE_ENV !== 'production') {
      return [warning(`NODE_ENV is ${values.NODE_ENV}: development conveniences are on. Set it to production there.`)];
    }
    const found = WEAKNESSES.filter((weakness) => weakness.applies(values));
    if (found.length === 0) return [ok('None is weak.')];
    return found.map(({ level, text }): Finding => ({ level, subject: 'settings', text }));
  },
});

/** Secret files that other users of the machine can read (`NAME_FILE`). */
export function secretFileFindings(env: NodeJS.ProcessEnv): Finding[] {
  return Object.entries(VARIABLES).flatMap(([name, variable]) => {
    const path = 'secret' in variable ? env[`${name}_FILE`]?.trim() : undefined;
    const mode = path ? statSync(path, { throwIfNoEntry: false })?.mode : undefined;
    if (mode === undefined || (mode & 0o004) === 0) return [];
    return [warning(`${name}_FILE can be read by every user of this machine. Run: chmod o= ${path}`)];
  });
}
