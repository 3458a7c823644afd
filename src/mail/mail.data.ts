import { DEFAULT_COLOR, DEFAULT_COLOR_ON_DARK } from '../config/brand-color.js';
import { ServiceText } from './mail.text.js';

/**
 * A value for a template. Dates are formatted with `{{date time}}`. A link is a URL. A string is user-written text:
 * anything that a mail client would turn into a link is removed (see mail.text.ts).
 */
export type MailValue = string | number | boolean | Date | URL | ServiceText | readonly string[];

/** An API key, as a mail names it. */
type ApiKeyMail = {
  keyName: string;
  label: ServiceText;
  /** Name of the account that owns the key. */
  accountName: string;
  /** False where the key does not expire. */
  expiresAt: Date | false;
};

/**
 * The mails and their data; besides, a template gets only {@link MailSurroundings}. A team adds its own by declaration
 * merging, `declare module 'iam' { interface MailData { 'team-welcome': { team: string } } }`, and its
 * templates with `MailTemplates.add`.
 */
export interface MailData {
  /** An account was created for the recipient. */
  invitation: { link: URL; expiresAt: Date };
  /** The recipient has not accepted yet, and the invitation expires soon. */
  'invitation-reminder': { link: URL; expiresAt: Date };
  /** A password reset was requested for the recipient's account. */
  'password-reset': { link: URL; expiresAt: Date };
  /** The password of the recipient's account was changed or reset. */
  'password-changed': { changedAt: Date; apiKeys: number };
  /** A passkey was added to the recipient's account. `passkey` is its name. */
  'passkey-added': { passkey: string; at: Date };
  /** A passkey was removed from the recipient's account. */
  'passkey-removed': { passkey: string; at: Date };
  /** A sign-in was rejected, since the passkey may have been copied. */
  'passkey-copied': { passkey: string; at: Date };
  /** The recipient's account is to have this e-mail. Sent to the new one. */
  'email-confirm': { link: URL; expiresAt: Date };
  /** The recipient's account has another e-mail now. Sent to the former one, with a link that takes it back. */
  'email-changed': { link: URL; changedAt: Date; expiresAt: Date };
  /** The same of a change by an admin or operator, which cannot be taken back. */
  'email-changed-by-admin': { changedAt: Date };
  /** Another account asked for the recipient's e-mail. */
  'email-taken': { requestedAt: Date };
  /** A user signed in at a provider, and may be the recipient. */
  'identity-confirm': { link: URL; provider: string; expiresAt: Date };
  /** An identity at a provider can sign in to the recipient's account from now on. */
  'identity-linked': { provider: string; changedAt: Date };
  /** An identity at a provider can no longer sign in to the recipient's account. */
  'identity-unlinked': { provider: string; changedAt: Date };
  /** A sign-in to the recipient's account on a new device. */
  'new-sign-in': { signedInAt: Date; device: ServiceText; address: ServiceText };
  /** A second factor was added to the recipient's account. `factor` is its owner's name of it. */
  'factor-added': { factor: string; changedAt: Date };
  'factor-removed': { factor: string; changedAt: Date };
  /** All second factors of the recipient's account were removed, by an administrator. */
  'factors-reset': { changedAt: Date };
  'recovery-codes-made': { changedAt: Date };
  /** A recovery code of the recipient's account was used. */
  'recovery-code-used': { usedAt: Date; left: number };
  /** Codes of the recipient's account are locked, after too many failures with its right password. */
  'codes-locked': { lockedUntil: Date };
  /** An API key was made: by the recipient for a service account, or by an operator for the recipient's account. */
  'api-key-created': ApiKeyMail;
  /** An API key of the recipient's account, or one that the recipient made for a service account, expires soon. */
  'api-key-expires': ApiKeyMail & { expiresAt: Date };
  /** The recipient's role was changed. */
  'role-changed': { formerRole: string; role: string; changedAt: Date };
}

const TIME = new Date('2026-11-27T10:30:00.000Z');
const invited = { link: new URL('https://iam.example.com/join?token=sample'), expiresAt: TIME };

const apiKey = {
  keyName: 'Nightly sync',
  label: new ServiceText('iam_3fQz…k7Xb'),
  accountName: 'Sync service',
  expiresAt: TIME,
};

/** Sample data for the built-in templates: one for each mail above. */
export const MAIL_SAMPLES = {
  invitation: invited,
  'invitation-reminder': invited,
  'password-reset': { ...invited, link: new URL('https://iam.example.com/reset-password?token=sample') },
  'password-changed': { changedAt: TIME, apiKeys: 2 },
  'passkey-added': { passkey: 'My phone', at: TIME },
  'passkey-removed': { passkey: 'My phone', at: TIME },
  'passkey-copied': { passkey: 'My phone', at: TIME },
  'email-confirm': { ...invited, link: new URL('https://iam.example.com/confirm-email?token=sample') },
  'email-changed': {
    link: new URL('https://iam.example.com/revert-email?token=sample'),
    changedAt: TIME,
    expiresAt: TIME,
  },
  'email-changed-by-admin': { changedAt: TIME },
  'email-taken': { requestedAt: TIME },
  'identity-confirm': {
    link: new URL('https://iam.example.com/confirm-identity?token=sample'),
    provider: 'Acme',
    expiresAt: TIME,
  },
  'identity-linked': { provider: 'Acme', changedAt: TIME },
  'identity-unlinked': { provider: 'Acme', changedAt: TIME },
  'new-sign-in': {
    signedInAt: TIME,
    device: new ServiceText('Firefox, Windows'),
    address: new ServiceText('192.0.2.7'),
  },
  'factor-added': { factor: 'Phone', changedAt: TIME },
  'factor-removed': { factor: 'Phone', changedAt: TIME },
  'factors-reset': { changedAt: TIME },
  'recovery-codes-made': { changedAt: TIME },
  'recovery-code-used': { usedAt: TIME, left: 9 },
  'codes-locked': { lockedUntil: TIME },
  'api-key-created': apiKey,
  'api-key-expires': apiKey,
  'role-changed': { formerRole: 'user', role: 'org_owner', changedAt: TIME },
} as const satisfies Partial<MailData>;

/** The name of a mail; each is a folder of that name under `templates/<locale>/`. */
export type MailTemplate = keyof MailData;

/** Values that every template can use besides its own data. */
export interface MailSurroundings {
  /** The recipient's name; empty where it is not suitable for a salutation. */
  readonly name: string;
  /** The product name. */
  readonly product: string;
  /** The logo, shown beside the name; null where there is none. */
  readonly logo: URL | null;
  /** Of buttons and links, such as `#2350b8`. */
  readonly color: string;
  /** Of links on dark backgrounds. */
  readonly colorOnDark: string;
  /** The page to request a password reset. */
  readonly forgotPasswordLink: URL;
}

export const SAMPLE_SURROUNDINGS: MailSurroundings = {
  name: 'Jane Doe',
  product: 'Iam',
  logo: null,
  color: DEFAULT_COLOR,
  colorOnDark: DEFAULT_COLOR_ON_DARK,
  forgotPasswordLink: new URL('https://iam.example.com/forgot-password'),
};

/** Sample data by mail. Every template is rendered with it before the service starts. */
export type MailSamples = { readonly [Template in MailTemplate]?: MailData[Template] };
