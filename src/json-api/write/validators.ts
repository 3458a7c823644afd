import type { ValidationError } from 'class-validator';
import { getMetadataStorage } from '../resource/class-validator.js';
import { attributePointer, type ErrorObject, type ErrorSource, type RuleParameters } from '../document/errors.js';
import type { Attribute } from '../resource/attributes.js';
import { FIELD_TYPES, hasAtMostCharacters, isObject, type FieldType } from '../resource/field-types.js';
import { attributeField, brokenRule, EMAIL_FORM, type Rule, type RuleName, RULES } from '../document/rules.js';

/** What class-validator finds in a body, as errors with the names of their rules. */

/** The name of `IsOfType`, whose argument decides which rule a value breaks. */
export const IS_OF_TYPE = 'isOfType';

/** Which rule a validator enforces, and the parameters that its arguments are. */
interface Enforced {
  readonly rule: RuleName;
  readonly parameters?: (first: unknown, second: unknown) => RuleParameters;
  /** The English words for the parameter `expected`. */
  readonly wanted?: string;
}

const typed = (rule: 'type' | 'format', expected: string, wanted: string): Enforced => ({
  rule,
  parameters: () => ({ expected }),
  wanted,
});
const minimum = (rule: RuleName): Enforced => ({ rule, parameters: (min) => ({ minimum: Number(min) }) });
const maximum = (rule: RuleName): Enforced => ({ rule, parameters: (max) => ({ maximum: Number(max) }) });

/** By the names of the validators: those of class-validator, and those of `validation-rules.ts`. */
const ENFORCED: Readonly<Record<string, Enforced>> = {
  isString: typed('type', 'string', 'a string'),
  isBoolean: typed('type', 'boolean', 'true or false'),
  isInt: typed('type', 'integer', 'an integer'),
  isNumber: typed('type', 'number', 'a number'),
  isObject: typed('type', 'object', 'an object'),
  isArray: typed('type', 'list', 'a list'),
  isUuid: typed('format', 'uuid', 'a UUID'),
  isEmail: typed('format', 'email', EMAIL_FORM),
  isUrl: typed('format', 'url', 'an http or https URL'),
  matches: { rule: 'format' },
  isDefined: { rule: 'required' },
  isNotEmpty: { rule: 'empty' },
  minLength: minimum('too_short'),
  maxLength: maximum('too_long'),
  atMostCharacters: maximum('too_long'),
  noControlCharacters: { rule: 'control_characters' },
  min: minimum('too_small'),
  max: maximum('too_large'),
  arrayMinSize: minimum('too_few'),
  arrayMaxSize: maximum('too_many'),
  isIn: { rule: 'not_allowed', parameters: (allowed) => ({ allowed: listed(allowed) }) },
  isEnum: { rule: 'not_allowed', parameters: (_enum, allowed) => ({ allowed: listed(allowed) }) },
};

const listed = (values: unknown): string[] => (Array.isArray(values) ? values.map(String) : []);

/** What a validator's option `context` may say of its rule. */
interface RuleContext {
  readonly rule?: string;
  readonly parameters?: RuleParameters;
}

/** How the members of a body are called in errors. */
export interface Naming {
  /** The name on the wire of a property. */
  readonly nameOf: (property: string) => string;
  readonly sourceOf: (name: string) => ErrorSource;
}

/**
 * The rules that an instance of a class breaks, by what class-validator says of it. The rule of a validator that is not
 * known here is the validator's name in snake case, unless its option `context` has a `rule`; its message goes on after
 * the name.
 */
export function* brokenRules(
  body: object,
  violations: readonly ValidationError[],
  { nameOf, sourceOf }: Naming,
): Generator<{ readonly property: string; readonly error: ErrorObject }> {
  for (const { property, value, constraints = {}, contexts = {} } of violations) {
    const name = nameOf(property);
    if (value === undefined) {
      yield { property, error: brokenRule('required', { name, source: sourceOf(name) }) };
      continue;
    }
    const broken = Object.entries(constraints);
    // A value of the wrong type breaks every other rule too.
    const types = broken.filter(([validator]) => ENFORCED[validator]?.rule === 'type');
    for (const [validator, message] of types.length > 0 ? types : broken) {
      const field = { name, source: sourceOf(name) };
      const context = contexts[validator] as RuleContext | undefined;
      yield {
        property,
        error: errorOf(body, { property, validator, value, message, ...(context && { context }) }, field),
      };
    }
  }
}

interface Violation {
  readonly property: string;
  readonly validator: string;
  readonly value: unknown;
  readonly message: string;
  readonly context?: RuleContext;
}

function errorOf(body: object, violation: Violation, field: { name: string; source: ErrorSource }): ErrorObject {
  const { property, validator, message, context } = violation;
  const enforced = Object.hasOwn(ENFORCED, validator) ? ENFORCED[validator] : undefined;
  const declared = getMetadataStorage()
    .getTargetValidationMetadatas(body.constructor, '', false, false)
    .find((rule) => rule.propertyName === property && rule.name === validator);
  const [first, second] = (declared?.constraints ?? []) as unknown[];
  if (validator === IS_OF_TYPE) return brokenType(first as FieldType, violation.value, field);
  const parameters = context?.parameters ?? enforced?.parameters?.(first, second) ?? {};
  const wanted = enforced?.wanted !== undefined && { wanted: enforced.wanted };
  // A message of the validator's own says more than the rule's text.
  const isOwn = declared?.message !== undefined || enforced === undefined || (enforced.rule === 'format' && !wanted);
  const predicate = message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
  const rule: Rule = isOwn ? { text: `{name} ${predicate}` } : RULES[enforced.rule];
  return brokenRule(
    [context?.rule ?? enforced?.rule ?? snakeCase(validator), rule],
    { ...field, ...wanted },
    parameters,
  );
}

interface Field {
  readonly name: string;
  readonly source: ErrorSource;
}

/** The errors of a value that an attribute's type does not take; of a list, one for each item that is wrong. */
export function typeErrors({ name, type }: Attribute, value: unknown): ErrorObject[] {
  const field = attributeField(name);
  if (!type.items || !Array.isArray(value)) return [brokenType(type, value, field)];
  const { maxItems, maxCharacters } = type.items;
  if (value.length > maxItems) return [brokenRule('too_many', field, { maximum: maxItems })];
  return value.flatMap((item: unknown, place) => {
    const ofItem = { name: `${name}[${place}]`, source: attributePointer(`${name}/${place}`) };
    if (!FIELD_TYPES.string.accepts(item)) return [brokenType(FIELD_TYPES.string, item, ofItem)];
    return hasAtMostCharacters(item, maxCharacters) ? [] : [brokenRule('too_long', ofItem, { maximum: maxCharacters })];
  });
}

function brokenType({ name: expected, wanted, schema }: FieldType, value: unknown, field: Field): ErrorObject {
  if (typeof value === 'string') {
    if (expected === 'string') return brokenRule('invalid_characters', field);
    if (Array.isArray(schema['enum'])) return brokenRule('not_allowed', field, { allowed: listed(schema['enum']) });
    if (schema['type'] === 'string') return brokenRule('format', { ...field, wanted }, { expected });
  }
  if (isObject(value) && expected === 'json') return brokenRule('invalid_characters', field);
  return brokenRule('type', { ...field, wanted }, { expected });
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
