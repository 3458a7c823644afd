import type { MailData, MailSurroundings } from './mail.data.js';

const TIME = new Date('2026-11-27T10:30:00.000Z');
const invited = { name: 'Jane Doe', link: 'https://iam.example.com/join?token=sample', expiresAt: TIME };

/** Data to try the templates with that come with the service. */
export const MAIL_SAMPLES = {
  invitation: invited,
  'invitation-reminder': invited,
  'password-reset': { ...invited, link: 'https://iam.example.com/reset-password?token=sample' },
  'password-changed': { name: 'Jane Doe', changedAt: TIME },
  'new-sign-in': { name: 'Jane Doe', signedInAt: TIME, device: 'Firefox, Windows', address: '192.0.2.7' },
  'role-changed': { name: 'Jane Doe', formerRole: 'user', role: 'org_owner', changedAt: TIME },
} as const satisfies Partial<MailData>;

export const SAMPLE_SURROUNDINGS: MailSurroundings = {
  product: 'Iam',
  forgotPasswordLink: 'https://iam.example.com/forgot-password',
};
