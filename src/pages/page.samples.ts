import type { FieldData, PageData, PageSurroundings } from './page.data.js';

const FIELD: FieldData = {
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'new-password',
  value: '',
  prose: false,
  readOnly: false,
  focused: true,
  rules: [{ text: 'must contain a digit', lang: null }],
  errors: [{ text: 'must contain a digit', lang: 'en' }],
  reveal: 'Show password',
};

const LINK = { href: 'forgot-password', label: 'Send me a new link' };

/** Sample data by page. A template is rendered with it before the service starts, so that its errors stop the start. */
export const PAGE_SAMPLES: Partial<PageData> = {
  form: { heading: 'Join', body: 'Welcome', action: 'join', submit: 'Join', hidden: { token: 'a' }, fields: [FIELD] },
  done: { heading: 'Done', body: 'Welcome', link: LINK },
  problem: { heading: 'Too many attempts', body: 'Try again in a minute.', link: LINK },
};

export const SAMPLE_PAGE_SURROUNDINGS: PageSurroundings = {
  title: 'Join',
  product: 'Iam',
  logo: '/logo.png',
  locale: 'en',
  wide: false,
};
