import { DEFAULT_COLOR, DEFAULT_COLOR_ON_DARK } from '../config/brand-color.js';
import type { MailData, MailSurroundings } from './mail.data.js';
import { ServiceText } from './mail.text.js';

const TIME = new Date('2026-11-27T10:30:00.000Z');
const invited = { link: new URL('https://iam.example.com/join?token=sample'), expiresAt: TIME };

const apiKey = {
  keyName: 'Nightly sync',
  label: new ServiceText('iam_3fQz…k7Xb'),
  accountName: 'Sync service',
  expiresAt: TIME,
};

/** Sample data for the built-in templates. */
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

export const SAMPLE_SURROUNDINGS: MailSurroundings = {
  name: 'Jane Doe',
  product: 'Iam',
  logo: null,
  color: DEFAULT_COLOR,
  colorOnDark: DEFAULT_COLOR_ON_DARK,
  forgotPasswordLink: new URL('https://iam.example.com/forgot-password'),
};
