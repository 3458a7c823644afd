import type { ErrorCode } from '../../json-api/document/errors.js';
import { PASSWORD_LENGTH } from '../../passwords/policy/password.policy.js';
import type { PageText, Problem } from './page.text.js';

const { min, max } = PASSWORD_LENGTH;

const STALE: Problem = {
  title: 'Dieser Link gilt nicht mehr',
  body: 'Er wurde schon benutzt, eine neuere Nachricht hat ihn ersetzt, oder seine Zeit ist abgelaufen.',
  link: 'Neuen Link zuschicken',
};
const BROKEN: Problem = {
  title: 'Hier ist etwas schiefgegangen',
  body: 'Es liegt nicht an Ihnen. Bitte versuchen Sie es später noch einmal.',
};

const PROBLEMS: Partial<Record<ErrorCode, Problem>> = {
  invalid_token: STALE,
  expired_token: STALE,
  forbidden: {
    title: 'Dieses Formular kam von woanders',
    body: 'Öffnen Sie den Link aus Ihrer Nachricht noch einmal und füllen Sie das Formular dort aus.',
  },
  unavailable: {
    title: 'Gerade nicht erreichbar',
    body: 'Bitte versuchen Sie es in einer Minute noch einmal. Es ist nichts verloren.',
  },
};

export const GERMAN: PageText = {
  locale: 'de',
  error: 'Fehler',
  name: 'Name',
  email: 'E-Mail',
  password: 'Passwort',
  newPassword: 'Neues Passwort',
  showPassword: 'Passwort anzeigen',
  join: {
    title: 'Einladung annehmen',
    intro: 'Wählen Sie ein Passwort, dann ist Ihr Konto bereit.',
    submit: 'Einladung annehmen',
    doneTitle: 'Willkommen',
    done: 'Ihr Konto ist bereit. Sie können sich jetzt anmelden.',
  },
  reset: {
    title: 'Neues Passwort wählen',
    intro: 'Es ersetzt das alte, und Sie werden überall abgemeldet.',
    submit: 'Passwort setzen',
    doneTitle: 'Ihr Passwort ist gesetzt',
    done: 'Sie können sich jetzt damit anmelden.',
  },
  forgot: {
    title: 'Passwort vergessen?',
    intro: 'Nennen Sie uns Ihre E-Mail-Adresse, dann schicken wir Ihnen einen Link, mit dem Sie ein neues wählen.',
    submit: 'Link zuschicken',
    doneTitle: 'Sehen Sie in Ihr Postfach',
    done: 'Wenn es ein Konto mit dieser Adresse gibt, ist eine Nachricht mit einem Link unterwegs. Der Link gilt eine Stunde.',
    again: 'Nichts angekommen? Noch einmal anfordern',
  },
  problem: (code, minutes) =>
    code === 'too_many_requests'
      ? {
          title: 'Zu viele Versuche',
          body: `Bitte versuchen Sie es in ${minutes === 1 ? 'einer Minute' : `${minutes} Minuten`} noch einmal.`,
        }
      : (PROBLEMS[code] ?? BROKEN),
  errors: {
    'A password is required, as a string': { error: 'Geben Sie ein Passwort ein.' },
    [`The password must have at least ${min} characters`]: {
      hint: `mindestens ${min} Zeichen`,
      error: `Das Passwort muss mindestens ${min} Zeichen haben.`,
    },
    [`The password must have at most ${max} characters`]: {
      error: `Das Passwort darf höchstens ${max} Zeichen haben.`,
    },
    'The password must contain an upper-case letter': {
      hint: 'ein Großbuchstabe',
      error: 'Das Passwort muss einen Großbuchstaben enthalten.',
    },
    'The password must contain a lower-case letter': {
      hint: 'ein Kleinbuchstabe',
      error: 'Das Passwort muss einen Kleinbuchstaben enthalten.',
    },
    'The password must contain a digit': { hint: 'eine Ziffer', error: 'Das Passwort muss eine Ziffer enthalten.' },
    'The password must contain a special character': {
      hint: 'ein Sonderzeichen, etwa ! oder ein Leerzeichen',
      error: 'Das Passwort muss ein Sonderzeichen enthalten, etwa ! oder ein Leerzeichen.',
    },
    'The password is one of the well-known breached passwords': {
      error: 'Dieses Passwort ist aus einem Datenleck bekannt. Wählen Sie ein anderes.',
    },
    "The password must not be the account's e-mail or name": {
      error: 'Das Passwort darf nicht Ihre E-Mail-Adresse oder Ihr Name sein.',
    },
    'The password must not contain NUL or half a character': {
      error: 'Das Passwort enthält ein Zeichen, das nicht verwendet werden kann.',
    },
    'name must be a text without NUL characters and lone surrogates': {
      error: 'Der Name enthält ein Zeichen, das nicht verwendet werden kann.',
    },
    'name must not be empty': { error: 'Geben Sie Ihren Namen ein.' },
    'name must have at most 200 characters': { error: 'Der Name darf höchstens 200 Zeichen haben.' },
    'name must not contain control characters': {
      error: 'Der Name enthält ein Zeichen, das nicht verwendet werden kann.',
    },
    'email must be an e-mail address': { error: 'Geben Sie eine E-Mail-Adresse ein, etwa jane@example.com.' },
  },
};
