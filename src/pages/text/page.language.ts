import type { FastifyRequest } from 'fastify';
import { chooseLanguage } from '../../language/accept-language.js';
import { GERMAN } from './page.text.de.js';
import { ENGLISH } from './page.text.en.js';
import type { PageText } from './page.text.js';

const TEXTS = { en: ENGLISH, de: GERMAN } as const;

/** The texts in the best matching language of a request. */
export function textFor({ headers }: Pick<FastifyRequest, 'headers'>): PageText {
  return TEXTS[chooseLanguage(headers['accept-language'] ?? '', ['en', 'de'])];
}
