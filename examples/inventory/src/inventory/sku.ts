import { defineFieldType } from 'iam';

const FORM = /^[A-Z]{3}-\d{4}$/;

/** Numbers of articles: a field type of its own. Whatever case is sent, there is one spelling. */
export const SKU = defineFieldType('string', {
  name: 'sku',
  schema: { type: 'string', pattern: FORM.source, examples: ['ABC-0001'] },
  expected: 'an article number such as ABC-0001',
  wanted: 'an article number such as ABC-0001',
  operators: ['eq', 'in'],
  accepts: (value) => typeof value === 'string' && FORM.test(value),
  parse: (text) => (FORM.test(text.toUpperCase()) ? { value: text.toUpperCase() } : undefined),
});
