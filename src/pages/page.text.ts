import type { ErrorCode } from '../json-api/document/errors.js';

/** What is said instead of a page that cannot be shown. */
export interface Problem {
  readonly title: string;
  readonly body: string;
  /** What the link says that leads to another mail; absent where that does not help. */
  readonly link?: string;
}

/** What a page with a form says. */
export interface FormText {
  readonly title: string;
  readonly intro: string;
  /** On the button. */
  readonly submit: string;
  readonly doneTitle: string;
  readonly done: string;
}

/** An error of a field as services tell it, said to people. */
export interface ErrorText {
  /** Beside the field, once it is broken. */
  readonly error: string;
  /** Above the field, before anything was sent. */
  readonly hint?: string;
}

/** Every word of the pages in one language. */
export interface PageText {
  /** Language tag (RFC 5646). */
  readonly locale: string;
  /** In front of the title of a page whose form was refused. */
  readonly error: string;
  readonly name: string;
  readonly email: string;
  readonly password: string;
  readonly newPassword: string;
  readonly showPassword: string;
  readonly join: FormText;
  readonly reset: FormText;
  readonly forgot: FormText & { readonly again: string };
  /** @param minutes until another try is worth it, where that is known */
  problem(code: ErrorCode, minutes: number): Problem;
  /** By the sentence in which services tell an error, as gettext does it. */
  readonly errors: Readonly<Record<string, ErrorText>>;
}
