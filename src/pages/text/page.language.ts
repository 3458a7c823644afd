import type { FastifyRequest } from 'fastify';
import type {} from '../../auth/authentication/authentication.js';
import { chooseLanguage } from '../../language/accept-language.js';
import { GERMAN } from './page.text.de.js';
import { ENGLISH } from './page.text.en.js';
import type { PageText } from './page.text.js';

const TEXTS = { en: ENGLISH, de: GERMAN } as const;

/** A language in its own words, such as "Deutsch". */
export function languageName(tag: string): string {
  const name = new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag;
  return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
}

/** The texts in the language that the actor prefers, else in the best matching one of the request. */
export function textFor({ headers, authentication }: Pick<FastifyRequest, 'headers' | 'authentication'>): PageText {
  const languages = [authentication?.actor.locale, headers['accept-language']].filter(Boolean).join(', ');
  return TEXTS[chooseLanguage(languages, ['en', 'de'])];
}

/** A time for people; in UTC, since a page without scripts does not know the reader's time zone. */
export const timeIn = ({ locale }: PageText, time: Date): string =>
  `${new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(time)} UTC`;
