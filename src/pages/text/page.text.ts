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
  readonly join: FormText;
  readonly reset: FormText;
  readonly confirmEmail: FormText;
  readonly revertEmail: FormText;
  readonly forgot: FormText & { readonly again: string };
  /** @param minutes until the next attempt, if known */
  problem(code: ErrorCode, minutes: number): Problem;
}
