import type { ErrorCode } from '../../json-api/document/errors.js';

/** The text of an error page. */
export interface Problem {
  readonly title: string;
  readonly body: string;
  /** The label of the link to request another mail; absent where that does not help. */
  readonly link?: string;
}

/** The texts of a page with a form. */
export interface FormText {
  readonly title: string;
  readonly intro: string;
  /** On the button. */
  readonly submit: string;
  readonly doneTitle: string;
  readonly done: string;
}

/** The texts of the page of one's own passkeys. */
export interface PasskeysText extends Pick<FormText, 'title' | 'intro'> {
  readonly none: string;
  readonly manage: string;
  readonly add: string;
  readonly newName: string;
  readonly name: string;
  readonly change: string;
  readonly rename: string;
  readonly remove: string;
  readonly back: string;
  added(time: string): string;
  readonly neverUsed: string;
  readonly synced: string;
  readonly oneDevice: string;
  /** On the button to prove who one is. */
  readonly confirm: string;
  readonly unsupported: string;
  /** What has just been done. */
  readonly notices: Readonly<Record<'added' | 'renamed' | 'removed', string>>;
  /** What went wrong. */
  readonly problems: Readonly<Record<'failed' | 'notAdded' | 'last' | 'name', string>>;
}

/** The texts of the page of one's own second factors. */
export interface SecondFactorsText extends Pick<FormText, 'title' | 'intro'> {
  /** For an account that must have one and has none. */
  readonly required: string;
  readonly none: string;
  readonly manage: string;
  readonly add: string;
  readonly newName: string;
  readonly remove: string;
  readonly removeHint: string;
  readonly next: string;
  /** The page for a new app. */
  readonly enrol: Pick<FormText, 'title' | 'intro' | 'submit'> & {
    /** What the picture is, for those who do not see it. */
    readonly qr: string;
    readonly key: string;
    /** On the link that an app on the same device opens. */
    readonly open: string;
    readonly cancel: string;
  };
  readonly codes: Pick<FormText, 'title' | 'intro' | 'submit'> & {
    left(count: number): string;
    /** Beside the button, where there are some. */
    readonly replaced: string;
    /** The page that shows them. */
    readonly shown: Pick<FormText, 'title' | 'intro'> & {
      readonly download: string;
      /** Name of the file, without its extension. */
      readonly file: string;
      readonly saved: string;
    };
  };
  /** The devices on which the password is enough. */
  readonly devices: Pick<FormText, 'title' | 'intro'> & { until(time: string): string };
  /** What has just been done. */
  readonly notices: Readonly<Record<'added' | 'removed' | 'distrusted', string>>;
  /** What went wrong. */
  readonly problems: Readonly<Record<'failed' | 'notAdded' | 'last', string>>;
}

/** The texts of the page of one's own account. */
export interface AccountText {
  readonly title: string;
  readonly change: string;
  readonly language: string;
  /** The language of each request. */
  readonly anyLanguage: string;
  readonly passwordSet: string;
  readonly noPassword: string;
  readonly sessions: string;
  readonly thisDevice: string;
  readonly unknownDevice: string;
  since(time: string): string;
  lastUsed(time: string): string;
  readonly end: string;
  readonly endOthers: string;
  more(count: number): string;
  readonly trail: string;
  /** Audit events by their actions. */
  readonly actions: Readonly<Record<string, string>>;
  otherAction(action: string): string;
  readonly byOther: string;
  readonly ofOther: string;
  /** What has just been done. */
  readonly notices: Readonly<Record<'profile' | 'password' | 'email' | 'session' | 'sessions', string>>;
  readonly profile: Pick<FormText, 'title' | 'intro' | 'submit'>;
  readonly changePassword: Pick<FormText, 'title' | 'intro' | 'submit'> & { readonly current: string };
  readonly changeEmail: Pick<FormText, 'title' | 'intro' | 'submit'> & { readonly label: string };
  readonly confirm: Pick<FormText, 'title' | 'intro' | 'submit'>;
  readonly passkeys: PasskeysText;
  readonly secondFactors: SecondFactorsText;
  /** For an account without a password. */
  readonly signInAgain: Pick<FormText, 'doneTitle' | 'done'>;
}

/** All texts of the pages in one language. */
export interface PageText {
  /** Language tag (RFC 5646). */
  readonly locale: string;
  /** Prefix of the title when the form has errors. */
  readonly error: string;
  readonly name: string;
  readonly email: string;
  readonly password: string;
  readonly newPassword: string;
  readonly showPassword: string;
  /** Of an authenticator app. */
  readonly code: string;
  readonly recoveryCode: string;
  readonly join: FormText;
  readonly reset: FormText;
  readonly confirmEmail: FormText;
  readonly revertEmail: FormText;
  readonly forgot: FormText & { readonly again: string };
  readonly signIn: {
    /** The first step. */
    readonly email: Pick<FormText, 'title' | 'intro' | 'submit'>;
    /** The second step. */
    readonly title: string;
    readonly submit: string;
    readonly forgot: string;
    readonly otherEmail: string;
    /** The page for the second factor; `recover` is on the button for a recovery code. */
    readonly second: {
      readonly title: string;
      readonly submit: string;
      readonly recover: string;
      readonly restart: string;
      /** On the box to trust the device. */
      trust(days: number): string;
      readonly trustHint: string;
      readonly expired: Pick<FormText, 'doneTitle' | 'done'>;
    };
    readonly passkey: string;
    readonly passkeyFailed: string;
  };
  readonly signOut: FormText & {
    readonly again: string;
    /** @param name of the identity provider that the session came from */
    everywhere(name: string): string;
  };
  readonly account: AccountText;
  /** A page, or a change, that the role of the account does not allow. */
  readonly notAllowed: Problem;
  /** @param minutes until the next attempt, if known */
  problem(code: ErrorCode, minutes: number): Problem;
}
