import { isDeepStrictEqual } from 'node:util';
import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, ValidateBy, ValidateIf, validateSync } from '../resource/class-validator.js';
import {
  apiError,
  attributePointer,
  ErrorList,
  type ErrorObject,
  type ErrorSource,
  throwIfErrors,
} from '../document/errors.js';
import { attributeField, brokenRule, type RuleName } from '../document/rules.js';
import type { Attribute } from '../resource/attributes.js';
import type { FieldType } from '../resource/field-types.js';
import type { AnyResource } from '../resource/resource.js';
import { AtMostCharacters } from '../resource/validation-rules.js';
import { brokenRules, IS_OF_TYPE, typeErrors } from './validators.js';

/** Bodies: their classes are derived from entity and resource definition, and class-validator checks them. */

export type WriteVerb = 'create' | 'update';

/** The values of a body, by property, as far as they are valid; and what is wrong with the others. */
export interface BodyReading {
  readonly values: Readonly<Record<string, unknown>>;
  readonly errors: readonly ErrorObject[];
}

/** Whether a client may set the attribute with this verb. */
export const isWritable = ({ write }: Attribute, verb: WriteVerb): boolean =>
  write === 'always' || (verb === 'create' && write === 'create');

/** Whether a body cannot name the attribute: it is as unknown as one that does not exist. */
const isClosed = (attribute: Attribute | undefined): boolean =>
  attribute === undefined || (attribute.hidden && !attribute.writeOnly);

const isOfType = ({ type, nullable }: Attribute, value: unknown): boolean =>
  value === null ? nullable : type.accepts(value);

/** The part of a body whose rules one entity has. */
interface BodyPart {
  readonly type: Type<object>;
  /** Its writable properties. */
  readonly properties: readonly string[];
}

const parts = new WeakMap<ReadonlyMap<string, Attribute>, Partial<Record<WriteVerb, readonly BodyPart[]>>>();

/** The parts of a create or update body: one for the resource's entity, one for each that extensions add. */
function bodyParts(resource: AnyResource, verb: WriteVerb): readonly BodyPart[] {
  // By the attributes and not by the entity, which may have several tables.
  const known = parts.get(resource.attributes) ?? {};
  parts.set(resource.attributes, known);
  const writable = [...resource.attributes.values()].filter((attribute) => isWritable(attribute, verb));
  return (known[verb] ??= [undefined, ...(resource.sides ?? [])].map((side) => {
    const attributes = writable.filter((attribute) => attribute.side === side);
    const type = bodyClass(side?.entity ?? resource.entity, attributes, verb);
    return { type, properties: attributes.map(({ property }) => property) };
  }));
}

/**
 * A class that extends the entity, so that rules written there apply to the body; what the column knows of length and
 * null is added. The types of the values are checked before.
 */
function bodyClass(entity: Type<object>, attributes: readonly Attribute[], verb: WriteVerb): Type<object> {
  class Body extends entity {}
  Object.defineProperty(Body, 'name', { value: `${entity.name}${verb === 'create' ? 'Create' : 'Update'}Body` });
  inheritRules(entity, Body);
  for (const attribute of attributes) {
    const decorators: PropertyDecorator[] = [];
    if (attribute.length !== undefined) decorators.push(AtMostCharacters(attribute.length));
    if (attribute.nullable) decorators.push(ValidateIf((_body, value) => value !== null));
    for (const decorate of decorators) decorate(Body.prototype, attribute.property);
  }
  return Body;
}

/**
 * Copies the entity's rules. class-validator inherits them by itself, but drops every inherited custom rule of a
 * property as soon as the subclass adds one of its own.
 */
function inheritRules(entity: Type<object>, body: Type<object>): void {
  const storage = getMetadataStorage();
  for (const rule of storage.getTargetValidationMetadatas(entity, '', false, false)) {
    storage.addValidationMetadata(Object.assign(Object.create(Object.getPrototypeOf(rule)), rule, { target: body }));
  }
}

/** Whether two values are the same, however they are spelled. */
function isSame(attribute: Attribute, value: unknown, known: unknown): boolean {
  if (isDeepStrictEqual(value, known)) return true;
  const comparable = value !== null && known !== null && isOfType(attribute, value) && isOfType(attribute, known);
  return comparable && isDeepStrictEqual(attribute.canonical(value), attribute.canonical(known));
}

/**
 * Reads a body's attributes: first those of the resource, of which there are few, so that their values are known however
 * much else was sent. On an update `current` is the row as the actor sees it: what is sent back unchanged is left out,
 * so that a client may send the whole object that it got. On a create that goes for read-only attributes, with what the
 * new row will have.
 */
export function readBody(
  resource: AnyResource,
  verb: WriteVerb,
  attributes: Readonly<Record<string, unknown>>,
  current?: Readonly<Record<string, unknown>>,
): BodyReading {
  const errors = new ErrorList();
  const addError = (name: string, rule: RuleName): void => errors.push(brokenRule(rule, attributeField(name)));
  const knownOf = (attribute: Attribute): unknown => {
    if (current) return Object.hasOwn(current, attribute.name) ? current[attribute.name] : undefined;
    return verb === 'create' && !isWritable(attribute, verb) ? attribute.initial(attributes) : undefined;
  };
  const unchanged = (attribute: Attribute, value: unknown): boolean => {
    const known = knownOf(attribute);
    return known !== undefined && isSame(attribute, value, known);
  };

  const valueOf = (name: string): unknown => (Object.hasOwn(attributes, name) ? attributes[name] : undefined);
  const sent: Record<string, unknown> = {};
  for (const attribute of resource.attributes.values()) {
    const { name } = attribute;
    const value = valueOf(name);
    if (isClosed(attribute) || value === undefined || unchanged(attribute, value)) continue;
    if (!isWritable(attribute, verb)) addError(name, 'read_only');
    // A value of the wrong type breaks every other rule too, and some of them break on it.
    else if (!isOfType(attribute, value)) {
      for (const error of typeErrors(attribute, value)) errors.push(error);
    } else sent[attribute.property] = value;
  }
  const writable = [...resource.attributes.values()].filter((attribute) => isWritable(attribute, verb));
  for (const { name, required } of writable) {
    if (verb === 'create' && required && valueOf(name) === undefined) addError(name, 'required');
  }
  const byProperty = new Map(writable.map((attribute) => [attribute.property, attribute]));
  const wrong = new Set<string>();
  const nameOf = (property: string): string => byProperty.get(property)?.name ?? property;
  const naming = { nameOf, sourceOf: attributePointer };
  const read: [string, unknown][] = [];
  for (const { type, properties } of bodyParts(resource, verb)) {
    const members = properties.flatMap((property) => (property in sent ? [[property, sent[property]]] : []));
    const body = instanceOf(type, Object.fromEntries(members));
    for (const { property, error } of brokenRules(
      body,
      validateSync(body, { skipUndefinedProperties: true }),
      naming,
    )) {
      wrong.add(property);
      errors.push(error);
    }
    read.push(...Object.entries(body));
  }
  const isUnknown = (name: string): boolean => isClosed(resource.attributes.get(name));
  errors.fill(() => {
    for (const name of Object.keys(attributes)) {
      if (isUnknown(name)) addError(name, 'unknown_attribute');
    }
  });
  const values = read.filter(([property, value]) => {
    const attribute = byProperty.get(property);
    return attribute && !wrong.has(property) && value !== undefined && !unchanged(attribute, value);
  });
  return { values: Object.fromEntries(values), errors: [...errors] };
}

/** The members that a class has rules for. class-validator's own whitelist lets `constructor` pass. */
const namesIn = (type: Type<object>): Set<string> =>
  new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(type, '', false, false)
      .map(({ propertyName }) => propertyName),
  );

/** A rule of a member of a flat body: its value is JSON of this type. Checked before every other rule. */
export const IsOfType = (type: FieldType): PropertyDecorator =>
  ValidateBy({
    name: IS_OF_TYPE,
    constraints: [type],
    validator: {
      validate: (value: unknown) => type.accepts(value),
      defaultMessage: () => `must be ${type.wanted}`,
    },
  });

/** Whether the source of an error is one of these members of a flat body. */
const isAbout = (members: ReadonlySet<string>, source: ErrorSource | undefined): boolean =>
  source !== undefined && 'pointer' in source && members.has(source.pointer.slice(1));

/**
 * Reads a flat JSON object (no document) into its class, which class-validator checks; messages go on after the name.
 * @param later errors of members that are validated after this, once more is known: where the body has errors already,
 * they are reported with them
 * @throws ApiError 400 when the body is no object; 422 with an error for each broken rule and unknown member
 */
export function readFlatBody<Body extends object>(
  type: Type<Body>,
  body: unknown,
  later: (read: Body) => readonly ErrorObject[] = () => [],
): Body {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw apiError('malformed_body', 'The body must be a JSON object', { pointer: '' });
  }
  const known = namesIn(type);
  const sent = Object.entries(body).filter(([name]) => known.has(name));
  const unknown = Object.keys(body).filter((name) => !known.has(name));
  // Half a character: class-validator's rule for e-mails throws on it, and no two encoders agree on its bytes.
  const isReadable = (value: unknown): boolean => typeof value !== 'string' || value.isWellFormed();
  const unreadable = new Set(sent.flatMap(([name, value]) => (isReadable(value) ? [] : [name])));
  const read = instanceOf(type, Object.fromEntries(sent.filter(([name]) => !unreadable.has(name))));
  const violations = validateSync(read);
  if (unreadable.size + unknown.length + violations.length === 0) return read;
  const errors = new ErrorList();
  const sourceOf = (name: string): ErrorSource => ({ pointer: `/${name}` });
  const addError = (name: string, rule: RuleName): void =>
    errors.push(brokenRule(rule, { name, source: sourceOf(name) }));
  for (const name of unreadable) addError(name, 'invalid_characters');
  for (const { property, error } of brokenRules(read, violations, { nameOf: (property) => property, sourceOf })) {
    if (!unreadable.has(property)) errors.push(error);
  }
  for (const error of later(read).filter(({ source }) => !isAbout(unreadable, source))) errors.push(error);
  errors.fill(() => {
    for (const name of unknown) addError(name, 'unknown_attribute');
  });
  throwIfErrors(errors);
  return read;
}

const isNested = ([, value]: [string, unknown]): boolean => typeof value === 'object' && value !== null;

/**
 * An instance of a class with these members, passed through its `@Transform`s. Objects and lists are taken as they
 * are: class-transformer would walk into them and call whatever a client sent under the name `constructor`.
 */
function instanceOf<Instance extends object>(
  type: Type<Instance>,
  members: Readonly<Record<string, unknown>>,
): Instance {
  const entries = Object.entries(members);
  const instance = plainToInstance(type, Object.fromEntries(entries.filter((entry) => !isNested(entry))));
  return Object.assign(instance, Object.fromEntries(entries.filter(isNested)));
}
