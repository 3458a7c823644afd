import type { ErrorCode } from '../../json-api/document/errors.js';
import { GERMAN_ACCOUNT } from './account.text.de.js';
import type { PageText, Problem } from './page.text.js';

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
  mfa_enrolment_required: {
    title: 'Fügen Sie zuerst einen zweiten Faktor hinzu',
    body: 'Ihre Rolle oder eine Ihrer Organisationen verlangt einen zweiten Faktor oder einen Passkey, und Ihr Konto hat noch keinen.',
  },
  invalid_token: STALE,
  expired_token: STALE,
  conflict: {
    title: 'Diese Adresse gehört zu einem anderen Konto',
    body: 'Ein anderes Konto hat sie inzwischen bekommen. Es hat sich nichts geändert.',
  },
  forbidden: {
    title: 'Dieses Formular kam von woanders',
    body: 'Öffnen Sie die Seite selbst oder den Link aus Ihrer Nachricht noch einmal und füllen Sie das Formular dort aus.',
  },
  not_found: { title: 'Hier ist nichts', body: 'Es ist schon weg, oder die Adresse stimmt nicht.' },
  unavailable: {
    title: 'Gerade nicht erreichbar',
    body: 'Bitte versuchen Sie es in einer Minute noch einmal. Es ist nichts verloren.',
  },
};

/** The texts of pages in German. */
export const GERMAN: PageText = {
  locale: 'de',
  error: 'Fehler',
  name: 'Name',
  email: 'E-Mail',
  password: 'Passwort',
  newPassword: 'Neues Passwort',
  showPassword: 'Passwort anzeigen',
  code: 'Code Ihrer Authenticator-App',
  recoveryCode: 'Wiederherstellungscode',
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
  confirmEmail: {
    title: 'E-Mail-Adresse bestätigen',
    intro: 'Ihr Konto bekommt diese Adresse, und Nachrichten gehen ab jetzt dorthin.',
    submit: 'Adresse bestätigen',
    doneTitle: 'Ihre E-Mail-Adresse wurde geändert',
    done: 'Melden Sie sich ab jetzt mit der neuen Adresse an.',
  },
  revertEmail: {
    title: 'Änderung der E-Mail-Adresse rückgängig machen',
    intro:
      'Ihr Konto bekommt diese Adresse zurück. Alle werden abgemeldet, das Passwort wird gelöscht, und wir schicken Ihnen einen Link, mit dem Sie ein neues wählen.',
    submit: 'Änderung rückgängig machen',
    doneTitle: 'Die Änderung ist rückgängig gemacht',
    done: 'Ihr Konto hat wieder diese Adresse. Eine Nachricht mit einem Link zu einem neuen Passwort ist unterwegs.',
  },
  forgot: {
    title: 'Passwort vergessen?',
    intro: 'Nennen Sie uns Ihre E-Mail-Adresse, dann schicken wir Ihnen einen Link, mit dem Sie ein neues wählen.',
    submit: 'Link zuschicken',
    doneTitle: 'Sehen Sie in Ihr Postfach',
    done: 'Wenn es ein Konto mit dieser Adresse gibt, ist eine Nachricht mit einem Link unterwegs. Der Link gilt eine Stunde.',
    again: 'Nichts angekommen? Noch einmal anfordern',
  },
  signIn: {
    email: { title: 'Anmelden', intro: 'Geben Sie die E-Mail-Adresse Ihres Kontos ein.', submit: 'Weiter' },
    title: 'Anmelden',
    submit: 'Anmelden',
    forgot: 'Passwort vergessen?',
    otherEmail: 'Andere E-Mail-Adresse verwenden',
    second: {
      title: 'Zweiter Faktor',
      submit: 'Anmelden',
      recover: 'Mit Wiederherstellungscode anmelden',
      restart: 'Von vorn beginnen',
      trust: (days) => `Diesem Gerät ${days === 1 ? 'einen Tag' : `${days} Tage`} lang vertrauen`,
      trustHint: 'Hier reicht dann Ihr Passwort. Nur für ein Gerät, das Ihnen allein gehört.',
      expired: {
        doneTitle: 'Bitte beginnen Sie von vorn',
        done: 'Der zweite Schritt muss innerhalb von fünf Minuten folgen, und nur einmal.',
      },
    },
    passkey: 'Mit einem Passkey anmelden',
    passkeyFailed:
      'Der Passkey wurde nicht angenommen. Versuchen Sie es noch einmal, oder geben Sie Ihre E-Mail-Adresse ein.',
  },
  signOut: {
    title: 'Abmelden?',
    intro: 'Ihre Sitzung auf diesem Gerät endet.',
    submit: 'Abmelden',
    doneTitle: 'Sie sind abgemeldet',
    done: 'Ihre Sitzung auf diesem Gerät ist beendet.',
    again: 'Wieder anmelden',
    everywhere: (name) => `Hier und bei ${name} abmelden`,
  },
  account: GERMAN_ACCOUNT,
  notAllowed: { title: 'Ihre Rolle erlaubt das nicht', body: 'Fragen Sie die Verwaltung, wenn Sie es brauchen.' },
  problem: (code, minutes) =>
    code === 'too_many_requests'
      ? {
          title: 'Zu viele Versuche',
          body: `Bitte versuchen Sie es in ${minutes === 1 ? 'einer Minute' : `${minutes} Minuten`} noch einmal.`,
        }
      : (PROBLEMS[code] ?? BROKEN),
};
