import type { View } from '../pages/page.renderer.js';
import { MAIL_POLICY } from '../pages/page.assets.js';
import type { StoredMail } from './mailbox.files.js';

declare module '../pages/page.data.js' {
  interface PageData {
    /** The list of mails, the newest first. */
    mailbox: { mails: readonly { href: string; subject: string; to: string; time: string }[] };
    /** One mail; its `html` is shown in a frame that runs no scripts and loads nothing. */
    'mailbox-mail': {
      token: string;
      to: string;
      time: string;
      links: readonly string[];
      html: string | null;
      text: string;
    };
  }
}

/** The page of all mails. */
export const listView = (token: string, mails: readonly StoredMail[]): View<'mailbox'> => ({
  template: 'mailbox',
  title: 'Development mailbox',
  data: {
    mails: mails.map(({ name, date, to, subject }) => ({ href: `${token}/${name}`, subject, to, time: timeOf(date) })),
  },
  wide: true,
});

/** The page of one mail. Links of its HTML open in a new window. */
export const mailView = (token: string, mail: StoredMail): View<'mailbox-mail'> => {
  const { date, to, subject, text, html, links } = mail;
  const framed = html === undefined ? null : `<base target="_blank">${html}`;
  return {
    template: 'mailbox-mail',
    title: subject,
    data: { token, to, time: timeOf(date), links, html: framed, text },
    wide: true,
    policy: MAIL_POLICY,
  };
};

const timeOf = (date: Date | undefined): string => date?.toISOString().replace('T', ' ').replace(/\..*/, ' UTC') ?? '';
