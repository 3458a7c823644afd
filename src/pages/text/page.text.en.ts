import type { ErrorCode } from '../../json-api/document/errors.js';
import { PASSWORD_LENGTH } from '../../passwords/policy/password.policy.js';
import type { PageText, Problem } from './page.text.js';

const { min, max } = PASSWORD_LENGTH;

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
  invalid_token: STALE,
  expired_token: STALE,
  forbidden: {
    title: 'This form was sent from another site',
    body: 'Open the link of your message once more and fill in the form there.',
  },
  unavailable: { title: 'Not available right now', body: 'Please try again in a minute. Nothing is lost.' },
};

export const ENGLISH: PageText = {
  locale: 'en',
  error: 'Error',
  name: 'Name',
  email: 'E-mail',
  password: 'Password',
  newPassword: 'New password',
  showPassword: 'Show password',
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
  forgot: {
    title: 'Forgot your password?',
    intro: 'Enter your e-mail address, and we send you a link to choose a new one.',
    submit: 'Send the link',
    doneTitle: 'Check your inbox',
    done: 'If there is an account with this address, a message with a link is on its way. The link is valid for one hour.',
    again: 'No mail? Request it again',
  },
  problem: (code, minutes) =>
    code === 'too_many_requests'
      ? {
          title: 'Too many attempts',
          body: `Please try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`,
        }
      : (PROBLEMS[code] ?? BROKEN),
  errors: {
    'A password is required, as a string': { error: 'Enter a password.' },
    [`The password must have at least ${min} characters`]: {
      hint: `at least ${min} characters`,
      error: `The password must have at least ${min} characters.`,
    },
    [`The password must have at most ${max} characters`]: {
      error: `The password must have at most ${max} characters.`,
    },
    'The password must contain an upper-case letter': {
      hint: 'an upper-case letter',
      error: 'The password must contain an upper-case letter.',
    },
    'The password must contain a lower-case letter': {
      hint: 'a lower-case letter',
      error: 'The password must contain a lower-case letter.',
    },
    'The password must contain a digit': { hint: 'a digit', error: 'The password must contain a digit.' },
    'The password must contain a special character': {
      hint: 'a special character, such as ! or a space',
      error: 'The password must contain a special character, such as ! or a space.',
    },
    'The password is one of the well-known breached passwords': {
      error: 'This password is known from a data breach. Choose another one.',
    },
    "The password must not be the account's e-mail or name": {
      error: 'The password must not be your e-mail address or your name.',
    },
    'The password must not contain NUL or half a character': {
      error: 'The password contains a character that cannot be used.',
    },
    'name must be a text without NUL characters and lone surrogates': {
      error: 'The name contains a character that cannot be used.',
    },
    'name must not be empty': { error: 'Enter your name.' },
    'name must have at most 200 characters': { error: 'The name must have at most 200 characters.' },
    'name must not contain control characters': { error: 'The name contains a character that cannot be used.' },
    'email must be an e-mail address': { error: 'Enter an e-mail address, such as jane@example.com.' },
  },
};
