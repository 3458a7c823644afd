import type { SsoErrorName } from '../sign-in/sso-error.js';
import type { FormText, Problem } from '../../pages/text/page.text.js';

/** The texts of the pages about identity providers, in one language. */
export interface SsoText {
  /** The errors of a sign-in with a provider, by their names. */
  readonly errors: Readonly<Record<SsoErrorName, Problem>>;
  readonly tryAgain: string;
  /** Heading of the identities of an account. */
  readonly identities: string;
  /** The page of them. */
  readonly own: {
    readonly intro: string;
    readonly none: string;
    /** The link to it. */
    readonly manage: string;
    readonly unlink: string;
    readonly notices: Readonly<Record<'linked' | 'unlinked', string>>;
    /** Why the last way to sign in cannot be removed. */
    readonly last: string;
    link(provider: string): string;
    confirm(provider: string): string;
  };
  readonly confirm: FormText;
  /** For an e-mail of a domain with an enforced provider. */
  readonly enforced: Problem;
  readonly otherBrowser: Problem;
  signInWith(provider: string): string;
}

const ENGLISH: SsoText = {
  errors: {
    invalid_state: {
      title: 'This sign-in is no longer valid',
      body: 'It was finished already, took longer than ten minutes, or began in another browser. Please sign in again.',
    },
    provider_unavailable: {
      title: 'The provider does not respond',
      body: 'Try again in a minute, or sign in another way, such as with your password.',
    },
    provider_error: {
      title: 'The provider sent something wrong',
      body: 'You are not signed in. Try again; if it happens once more, inform your administrator.',
    },
    access_denied: { title: 'You are not signed in', body: 'The sign-in was cancelled at the provider.' },
    email_not_verified: {
      title: 'The provider does not confirm your e-mail',
      body: 'Sign in another way, and link the provider on the page of your account. Or confirm your e-mail at the provider.',
    },
    not_invited: {
      title: 'There is no account for you yet',
      body: 'Ask your administrator for an invitation, and sign in again.',
    },
    account_disabled: { title: 'The account is disabled', body: 'Ask your administrator.' },
    confirmation_sent: {
      title: 'Check your e-mail',
      body: 'We sent you a message. Open its link in this browser, and the provider can sign you in from then on.',
    },
    link_required: {
      title: 'This account is not linked to the provider',
      body: 'Sign in another way, and link the provider on the page of your account.',
    },
    identity_taken: {
      title: 'It was not linked',
      body: 'The account at the provider signs in to another account, or you are signed in as another user.',
    },
    reauthentication_failed: {
      title: 'That did not work',
      body: 'Sign in at the provider with the account that is linked to yours, or prove who you are in another way.',
    },
  },
  tryAgain: 'Sign in',
  identities: 'Identity providers',
  own: {
    intro: 'A provider that is linked to your account can sign you in.',
    none: 'None is linked.',
    manage: 'Link or unlink',
    unlink: 'Unlink',
    notices: {
      linked: 'The provider is linked. You can sign in with it from now on.',
      unlinked: 'The provider is no longer linked.',
    },
    last: 'It is your only way to sign in. Set a password, or add a passkey or another provider first.',
    link: (provider) => `Link ${provider}`,
    confirm: (provider) => `Confirm with ${provider}`,
  },
  confirm: {
    title: 'Is this you?',
    intro: 'An account at the provider is to sign in to your account here. Confirm it only if you signed in there.',
    submit: 'Yes, that was me',
    doneTitle: 'The provider can sign you in now',
    done: 'Sign in with it from now on.',
  },
  enforced: {
    title: 'Sign in with the provider of your organization',
    body: 'For your address no other way to sign in is allowed.',
  },
  otherBrowser: {
    title: 'Open the link in the other browser',
    body: 'It works only in the browser in which you signed in at the provider, and for one hour. Nothing has changed.',
  },
  signInWith: (provider) => `Sign in with ${provider}`,
};

const GERMAN: SsoText = {
  errors: {
    invalid_state: {
      title: 'Diese Anmeldung gilt nicht mehr',
      body: 'Sie ist schon abgeschlossen, hat länger als zehn Minuten gedauert oder wurde in einem anderen Browser begonnen. Melden Sie sich neu an.',
    },
    provider_unavailable: {
      title: 'Der Anbieter antwortet nicht',
      body: 'Versuchen Sie es in einer Minute noch einmal, oder melden Sie sich anders an, etwa mit Ihrem Passwort.',
    },
    provider_error: {
      title: 'Die Antwort des Anbieters ist falsch',
      body: 'Sie sind nicht angemeldet. Versuchen Sie es noch einmal; wenn es wieder geschieht, sagen Sie Ihrem Administrator Bescheid.',
    },
    access_denied: { title: 'Sie sind nicht angemeldet', body: 'Die Anmeldung wurde beim Anbieter abgebrochen.' },
    email_not_verified: {
      title: 'Der Anbieter bestätigt Ihre E-Mail-Adresse nicht',
      body: 'Melden Sie sich anders an und verknüpfen Sie den Anbieter auf der Seite Ihres Kontos. Oder bestätigen Sie Ihre E-Mail-Adresse beim Anbieter.',
    },
    not_invited: {
      title: 'Für Sie gibt es noch kein Konto',
      body: 'Bitten Sie Ihren Administrator um eine Einladung und melden Sie sich dann neu an.',
    },
    account_disabled: { title: 'Das Konto ist gesperrt', body: 'Fragen Sie Ihren Administrator.' },
    confirmation_sent: {
      title: 'Sehen Sie in Ihre E-Mails',
      body: 'Wir haben Ihnen eine Nachricht geschickt. Öffnen Sie den Link in diesem Browser, danach kann der Anbieter Sie anmelden.',
    },
    link_required: {
      title: 'Dieses Konto ist nicht mit dem Anbieter verknüpft',
      body: 'Melden Sie sich anders an und verknüpfen Sie den Anbieter auf der Seite Ihres Kontos.',
    },
    identity_taken: {
      title: 'Es wurde nicht verknüpft',
      body: 'Das Konto beim Anbieter gehört zu einem anderen Konto, oder Sie sind hier als jemand anderes angemeldet.',
    },
    reauthentication_failed: {
      title: 'Das hat nicht geklappt',
      body: 'Melden Sie sich beim Anbieter mit dem Konto an, das mit Ihrem verknüpft ist, oder weisen Sie sich anders aus.',
    },
  },
  tryAgain: 'Anmelden',
  identities: 'Identitätsanbieter',
  own: {
    intro: 'Ein Anbieter, der mit Ihrem Konto verknüpft ist, kann Sie anmelden.',
    none: 'Keiner ist verknüpft.',
    manage: 'Verknüpfen oder trennen',
    unlink: 'Trennen',
    notices: {
      linked: 'Der Anbieter ist verknüpft. Sie können sich ab jetzt mit ihm anmelden.',
      unlinked: 'Der Anbieter ist nicht mehr verknüpft.',
    },
    last: 'Anders können Sie sich nicht anmelden. Legen Sie zuerst ein Passwort fest, oder fügen Sie einen Passkey oder einen anderen Anbieter hinzu.',
    link: (provider) => `${provider} verknüpfen`,
    confirm: (provider) => `Mit ${provider} bestätigen`,
  },
  confirm: {
    title: 'Sind Sie das?',
    intro:
      'Ein Konto beim Anbieter soll sich bei Ihrem Konto hier anmelden. Bestätigen Sie das nur, wenn Sie sich dort angemeldet haben.',
    submit: 'Ja, das war ich',
    doneTitle: 'Der Anbieter kann Sie jetzt anmelden',
    done: 'Melden Sie sich ab jetzt mit ihm an.',
  },
  enforced: {
    title: 'Melden Sie sich mit dem Anbieter Ihrer Organisation an',
    body: 'Für Ihre Adresse ist keine andere Anmeldung erlaubt.',
  },
  otherBrowser: {
    title: 'Öffnen Sie den Link im anderen Browser',
    body: 'Er gilt nur in dem Browser, in dem Sie sich beim Anbieter angemeldet haben, und eine Stunde lang. Es hat sich nichts geändert.',
  },
  signInWith: (provider) => `Mit ${provider} anmelden`,
};

const TEXTS: Readonly<Record<string, SsoText>> = { en: ENGLISH, de: GERMAN };

/** The texts in a language of the pages; English where there are none. */
export const ssoText = ({ locale }: { readonly locale: string }): SsoText => TEXTS[locale] ?? ENGLISH;
