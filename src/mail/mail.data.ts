import type { ServiceText } from './mail.text.js';

/**
 * What a template can show. Times are given as they are; a template says `{{date time}}`. A link is a URL. A string is
 * text that somebody wrote: it loses whatever a mail program could make a link of (see mail.text.ts).
 */
export type MailValue = string | number | boolean | Date | URL | ServiceText | readonly string[];

/**
 * The mails that are sent, and what each says besides its fixed text; a template gets nothing else but
 * {@link MailSurroundings}. A team adds its own by declaration merging,
 * `declare module '…/mail/mail.data.js' { interface MailData { 'team-welcome': { team: string } } }`,
 * and its templates with `MailTemplates.add`.
 */
export interface MailData {
  /** Somebody made an account for the reader. */
  invitation: { link: URL; expiresAt: Date };
  /** The reader has not accepted yet, and the invitation ends soon. */
  'invitation-reminder': { link: URL; expiresAt: Date };
  /** The reader, or somebody else, asked for a new password. */
  'password-reset': { link: URL; expiresAt: Date };
  /** The password of the reader's account was changed or set anew. */
  'password-changed': { changedAt: Date };
  /** Somebody signed in to the reader's account, on a device that nobody signed in on before. */
  'new-sign-in': { signedInAt: Date; device: ServiceText; address: ServiceText };
  /** Somebody gave the reader another role. */
  'role-changed': { formerRole: string; role: string; changedAt: Date };
}

/** The name of a mail; each is a folder of that name under `templates/<locale>/`. */
export type MailTemplate = keyof MailData;

/** What every template may name besides its own data. */
export interface MailSurroundings {
  /** What the reader is called; empty where that is no name that a mail should begin with. */
  readonly name: string;
  /** What the service calls itself. */
  readonly product: string;
  /** Where somebody asks for a new password. */
  readonly forgotPasswordLink: URL;
}

/** One set of data for each of some mails. Every template is rendered with its own before the service starts. */
export type MailSamples = { readonly [Template in MailTemplate]?: MailData[Template] };
