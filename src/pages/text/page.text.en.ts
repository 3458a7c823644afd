import type { ErrorCode } from '../../json-api/document/errors.js';
import { ENGLISH_ACCOUNT } from './account.text.en.js';
import type { PageText, Problem } from './page.text.js';

const STALE: Problem = {
  title: 'This link does not work any more',
  body: 'It was used already, a newer message has replaced it, or its time is over.',
  link: 'Send me a new link',
};
const BROKEN: Problem = {
  title: 'Something went wrong here',
  body: 'The problem is on our side. Please try again later.',
};

const PROBLEMS: Partial<Record<ErrorCode, Problem>> = {
  mfa_enrolment_required: {
    title: 'Add a second factor first',
    body: 'Your role or an organization of yours requires a second factor or a passkey, and your account has none yet.',
  },
  invalid_token: STALE,
  expired_token: STALE,
  conflict: {
    title: 'This address belongs to another account',
    body: 'Another account was given this address in the meantime. Nothing has changed.',
  },
  forbidden: {
    title: 'This form was sent from another site',
    body: 'Open the page itself, or the link of your message once more, and fill in the form there.',
  },
  not_found: { title: 'There is nothing here', body: 'It may be gone already, or the address is wrong.' },
  unavailable: { title: 'Not available right now', body: 'Please try again in a minute. Nothing is lost.' },
};

/** The texts of pages in English. */
export const ENGLISH: PageText = {
  locale: 'en',
  error: 'Error',
  name: 'Name',
  email: 'E-mail',
  password: 'Password',
  newPassword: 'New password',
  showPassword: 'Show password',
  code: 'Code of your authenticator app',
  recoveryCode: 'Recovery code',
  join: {
    title: 'Accept the invitation',
    intro: 'Choose a password, and your account is ready.',
    submit: 'Accept the invitation',
    doneTitle: 'Welcome',
    done: 'Your account is ready. You can sign in now.',
  },
  reset: {
    title: 'Choose a new password',
    intro: 'It replaces the old one, and you are signed out everywhere.',
    submit: 'Set the password',
    doneTitle: 'Your password is set',
    done: 'You can sign in with it now.',
  },
  confirmEmail: {
    title: 'Confirm your e-mail',
    intro: 'Your account gets this address, and messages go there from now on.',
    submit: 'Confirm the address',
    doneTitle: 'Your e-mail was changed',
    done: 'Sign in with the new address from now on.',
  },
  revertEmail: {
    title: 'Take the change of your e-mail back',
    intro:
      'Your account gets this address again. Everyone is signed out, the password is removed, and we send you a link to choose a new one.',
    submit: 'Take the change back',
    doneTitle: 'The change was taken back',
    done: 'Your account has this address again. A message with a link to choose a new password is on its way.',
  },
  forgot: {
    title: 'Forgot your password?',
    intro: 'Enter your e-mail address, and we send you a link to choose a new one.',
    submit: 'Send the link',
    doneTitle: 'Check your inbox',
    done: 'If there is an account with this address, a message with a link is on its way. The link is valid for one hour.',
    again: 'No mail? Request it again',
  },
  signIn: {
    email: { title: 'Sign in', intro: 'Enter the e-mail address of your account.', submit: 'Continue' },
    title: 'Sign in',
    submit: 'Sign in',
    forgot: 'Forgot your password?',
    otherEmail: 'Use another e-mail',
    second: {
      title: 'Second factor',
      submit: 'Sign in',
      recover: 'Sign in with a recovery code',
      restart: 'Start again',
      trust: (days) => `Trust this device for ${days === 1 ? 'a day' : `${days} days`}`,
      trustHint: 'Your password is then enough here. Only for a device that is yours alone.',
      expired: {
        doneTitle: 'Please start again',
        done: 'The second step has to follow within five minutes, and once.',
      },
    },
    passkey: 'Sign in with a passkey',
    passkeyFailed: 'The passkey was not accepted. Try again, or enter your e-mail.',
  },
  signOut: {
    title: 'Sign out?',
    intro: 'Your session on this device ends.',
    submit: 'Sign out',
    doneTitle: 'You are signed out',
    done: 'Your session on this device has ended.',
    again: 'Sign in again',
    everywhere: (name) => `Sign out here and at ${name}`,
  },
  account: ENGLISH_ACCOUNT,
  notAllowed: { title: 'Your role does not allow this', body: 'Ask an administrator if you need it.' },
  problem: (code, minutes) =>
    code === 'too_many_requests'
      ? {
          title: 'Too many attempts',
          body: `Please try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`,
        }
      : (PROBLEMS[code] ?? BROKEN),
};
