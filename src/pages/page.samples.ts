import type { FieldData, FormData, PageData, PageSurroundings } from './page.data.js';

const FIELD: FieldData = {
  id: 'password',
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'new-password',
  value: '',
  options: null,
  box: null,
  prose: false,
  numeric: true,
  optional: false,
  readOnly: false,
  focused: true,
  rules: [{ text: 'must contain a digit', lang: null }],
  errors: [{ text: 'must contain a digit', lang: 'en' }],
  reveal: 'Show password',
};

const BOX: FieldData = { ...FIELD, id: 'trust-code', name: 'trust', box: { checked: true } };

const LINK = { href: 'forgot-password', label: 'Send me a new link' };

const FORM = { action: 'join', submit: 'Join', hidden: { token: 'a' }, fields: [FIELD, choice(), BOX], passkey: null };
const PASSKEY: FormData = {
  action: '/sign-in/passkey',
  submit: 'Use a passkey',
  hidden: { return_to: '/account' },
  fields: [],
  passkey: {
    ceremony: 'get',
    options: '/auth/passkey/options',
    request: '{"purpose":"sign_in"}',
    conditional: true,
    error: 'That did not work.',
    failed: true,
    unsupported: 'This browser has no passkeys.',
  },
};
const ITEM = { title: 'Firefox, Linux', detail: '127.0.0.1' };
const BUTTON = { action: '/sign-out', label: 'Sign out' };

function choice(): FieldData {
  const options = [{ value: 'de', label: 'Deutsch', selected: true }];
  return { ...FIELD, id: 'locale', name: 'locale', type: 'text', options, rules: [], reveal: null };
}

/** Sample data by page. A template is rendered with it before the service starts, so that its errors stop the start. */
export const PAGE_SAMPLES: Partial<PageData> = {
  form: { heading: 'Join', body: 'Welcome', ...FORM, others: [PASSKEY] },
  'sign-in': {
    heading: 'Sign in',
    body: 'In one of these ways',
    buttons: [LINK],
    forms: [FORM, PASSKEY],
    links: [LINK],
  },
  account: {
    heading: 'Your account',
    notice: 'Saved',
    facts: [{ label: 'Name', value: 'Jane', link: LINK }],
    sections: [
      { heading: 'Passkeys', items: [ITEM], empty: 'None', link: LINK },
      { heading: 'Keys', items: [], empty: 'None', link: LINK },
    ],
    sessions: {
      heading: 'Sessions',
      items: [{ ...ITEM, badge: 'this device', end: BUTTON }],
      more: 'And 2 more.',
      others: BUTTON,
    },
    trail: { heading: 'Activity', items: [ITEM] },
    signOut: { ...BUTTON, method: 'post' },
  },
  identities: {
    heading: 'Identity providers',
    body: 'They sign you in.',
    notice: 'Linked',
    problem: 'It is your only way to sign in.',
    items: [{ ...ITEM, id: '1' }],
    empty: 'None',
    action: 'account/identity-providers',
    unlink: 'Unlink',
    buttons: [LINK],
    back: LINK,
  },
  passkeys: {
    heading: 'Passkeys',
    body: 'Sign in without a password',
    notice: 'Added',
    problem: 'That did not work',
    items: [{ ...ITEM, id: '01900000-0000-7000-8000-000000000000' }],
    empty: 'None',
    action: '/account/passkeys',
    words: { name: 'Name', change: 'Change', rename: 'Rename', remove: 'Remove' },
    add: { ...PASSKEY, fields: [FIELD] },
    back: LINK,
  },
  'second-factors': {
    heading: 'Second factor',
    body: 'An app shows codes',
    notice: 'Added',
    problem: 'That did not work',
    items: [{ ...ITEM, id: '01900000-0000-7000-8000-000000000000' }],
    empty: 'None',
    action: '/account/second-factors',
    words: { remove: 'Remove', removeHint: 'Its codes end' },
    codes: { heading: 'Recovery codes', body: '8 left', form: FORM },
    devices: {
      heading: 'Trusted devices',
      body: 'They need no code',
      items: [{ ...ITEM, id: '01900000-0000-7000-8000-000000000000' }],
    },
    add: FORM,
    links: [LINK],
  },
  enrolment: {
    heading: 'Add an app',
    body: 'Scan the code',
    qr: { label: 'QR code', viewBox: '0 0 1 1', path: 'M0 0h1v1h-1z' },
    key: { label: 'Key', value: 'ABCD EFGH' },
    open: LINK,
    cancel: LINK,
    ...FORM,
  },
  'recovery-codes': {
    heading: 'Recovery codes',
    body: 'Print them',
    codes: ['7K3M9-PXQ2T'],
    download: { ...LINK, file: 'recovery-codes.txt' },
    link: LINK,
  },
  done: { heading: 'Done', body: 'Welcome', link: LINK },
  problem: { heading: 'Too many attempts', body: 'Try again in a minute.', link: LINK },
};

/** What every page has besides its data, for samples. */
export const SAMPLE_PAGE_SURROUNDINGS: PageSurroundings = {
  title: 'Join',
  product: 'Iam',
  logo: '/logo.png',
  signOutLink: LINK,
  locale: 'en',
  wide: false,
};
