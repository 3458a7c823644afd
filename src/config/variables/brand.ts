import { brandColor } from '../brand-color.js';
import { imageUrl, line } from './schemas.js';
import type { VariableTable } from './variable.js';

/** How pages and mails look. */
export const BRAND_VARIABLES = {
  BRAND_NAME: {
    schema: line,
    default: null,
    description: 'Name of the product in pages and mails. Empty: the name in MAIL_FROM.',
  },
  BRAND_LOGO_URL: {
    schema: imageUrl,
    default: null,
    description:
      'Logo in pages and mails: an https:// URL, or a path such as /logo.png at the origin of APP_URL. ' +
      'Shown 32 pixels high, beside the name.',
  },
  BRAND_COLOR: {
    schema: brandColor,
    default: null,
    description:
      'Color of buttons and links in pages and mails, such as #2350b8, dark enough to be read on light backgrounds; ' +
      'on dark ones links are lightened as far as needed.',
  },
  PAGE_TEMPLATES: {
    schema: line,
    default: null,
    description: 'Folder of page templates that replace the built-in ones, file by file; see docs/mail.md.',
  },
} as const satisfies VariableTable;
