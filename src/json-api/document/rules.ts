import { quoted } from '../limits.js';
import { attributePointer, type ErrorObject, type ErrorSource, type RuleParameters } from './errors.js';

/**
 * The rules that a value of a request can break: `meta.rule` of a `validation_failed` error, the numbers beside it, and
 * the English text. Texts in other languages are looked up by the same names (see `src/language/messages.ts`).
 */

/** A rule with its English text. */
export interface Rule {
  /**
   * A sentence with placeholders in braces: `{name}` is what the value is called, the others are parameters. Other
   * languages have a text for each value of the parameter `expected`, and English has it filled in for `{wanted}`.
   */
  readonly text: string;
  /** What a form says before anything was entered, such as "at least 8 characters". */
  readonly hint?: string;
  /** Explains the rule in the documentation, where its text does not. */
  readonly description?: string;
}

/** The rules of the resource layer. Features declare their own beside what checks them, and so do extensions. */
export const RULES = {
  required: { text: '{name} is required' },
  type: {
    text: '{name} must be {wanted}',
    description: 'the value is JSON of another type than `meta.expected` names',
  },
  format: {
    text: '{name} must be {wanted}',
    description: 'the value is of the right type, and does not have the form that `meta.expected` names',
  },
  too_short: {
    text: '{name} must have at least {minimum} characters',
    hint: 'at least {minimum} characters',
    description: 'fewer than `meta.minimum` characters (Unicode code points)',
  },
  empty: { text: '{name} must not be empty' },
  too_long: {
    text: '{name} must have at most {maximum} characters',
    hint: 'at most {maximum} characters',
    description: 'more than `meta.maximum` characters (Unicode code points)',
  },
  too_small: { text: '{name} must be at least {minimum}' },
  too_large: { text: '{name} must be at most {maximum}' },
  too_few: { text: '{name} must have at least {minimum} values' },
  too_many: { text: '{name} must have at most {maximum} values' },
  invalid_characters: {
    text: '{name} contains a character that cannot be used',
    description: 'NUL, or half of a surrogate pair, which PostgreSQL cannot store',
  },
  control_characters: { text: '{name} must not contain control characters' },
  not_allowed: {
    text: '{name} must be one of {allowed}',
    description: '`meta.allowed` lists the values that are allowed',
  },
  unknown_reference: { text: '{name} does not refer to an existing resource' },
  unknown_attribute: { text: 'There is no attribute "{name}" here' },
  read_only: {
    text: '{name} is read-only',
    description: 'what was read may be sent back unchanged, and nothing else',
  },
  idempotency_key_reused: { text: '{name} was used with another body' },
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;

const PLACEHOLDER = /\{(\w+)\}/g;

/** A text with its placeholders filled in. Lists are joined by commas; an unknown placeholder is left as it is. */
export function fillText(text: string, name: string, parameters: RuleParameters): string {
  return text.replace(PLACEHOLDER, (placeholder, key: string) => {
    const value = key === 'name' ? name : Object.hasOwn(parameters, key) ? parameters[key] : undefined;
    if (value === undefined) return placeholder;
    return typeof value === 'object' ? value.join(', ') : String(value);
  });
}

/** The name and the source of an attribute, for errors of its value. */
export const attributeField = (name: string) => ({ name, source: attributePointer(name) });

/** The English words for an e-mail address's form. */
export const EMAIL_FORM = 'valid, such as jane@example.com';

/**
 * The error of a value that breaks a rule.
 * @param rule a name of `RULES`, or of another table together with its entry
 * @param name what the value is called in `detail`
 * @param wanted the English words for the parameter `expected`
 */
export function brokenRule(
  rule: RuleName | readonly [name: string, rule: Rule],
  { name, source, wanted }: { name: string; source: ErrorSource; wanted?: string },
  parameters: RuleParameters = {},
): ErrorObject {
  const [ruleName, { text }]: readonly [string, Rule] = typeof rule === 'string' ? [rule, RULES[rule]] : rule;
  const words = wanted === undefined ? parameters : { ...parameters, wanted };
  return {
    code: 'validation_failed',
    detail: fillText(text, quoted(name), words),
    source,
    broken: { rule: ruleName, name: quoted(name), parameters },
  };
}
