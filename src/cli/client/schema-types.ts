import type { Schema } from '../../json-api/resource/field-types.js';

/** JSON Schema as TypeScript. */

/** Whether the values come out of responses, or go into requests, where a time may be a `Date`. */
export type Direction = 'out' | 'in';

const literal = (value: unknown): string => (typeof value === 'string' ? quote(value) : JSON.stringify(value));

/** A string literal. */
export const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** `api_keys` → `apiKeys` */
export const camelCase = (name: string): string =>
  name
    .replace(/^[^a-zA-Z]+/, '')
    .replace(/[^a-zA-Z0-9]+(.)?/g, (_, letter: string | undefined) => letter?.toUpperCase() ?? '');

/** A name as a member of a type. */
export const memberName = (name: string): string => (/^[a-zA-Z_$][\w$]*$/.test(name) ? name : quote(name));

/** A comment of documentation in front of a member; nothing without a text. */
export const comment = (text: unknown, indent = '  '): string =>
  typeof text === 'string' && text !== ''
    ? `${indent}/** ${text.replaceAll('*/', '*\u200b/').replace(/\s*\n\s*/g, ' ')} */\n`
    : '';

/** The union of types, each once. */
export const union = (types: readonly string[]): string => [...new Set(types)].join(' | ') || 'never';

/** A list of values of a type. */
export const listOf = (type: string): string => `readonly ${/ [|&] /.test(type) ? `(${type})` : type}[]`;

const PLAIN: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
};

/** Types of schemas; remembers the component schemas that they refer to. */
export class SchemaTypes {
  private readonly named = new Map<string, string>();

  /**
   * @param schemas the component schemas, by name
   * @param known types that are defined otherwise, by the name of their schema
   */
  constructor(
    private readonly schemas: Readonly<Record<string, Schema>>,
    private readonly types: ReadonlyMap<string, string>,
  ) {}

  /** The type that a schema refers to, where it is defined otherwise. */
  known(schema: Schema): string | undefined {
    return this.types.get(referenced(schema) ?? '');
  }

  /** Declares a type once, by its name; `text` makes the type. @returns the name */
  alias(name: string, text: () => string): string {
    if (!this.named.has(name)) {
      // Entered first, since it may refer to itself.
      this.named.set(name, '');
      this.named.set(name, `export type ${name} = ${text()};\n`);
    }
    return name;
  }

  /** The schema itself, where one refers to it. */
  resolved(schema: Schema): Schema {
    const name = referenced(schema);
    return name === undefined ? schema : (this.schemas[name] ?? {});
  }

  /** The type of a value. */
  typeOf(schema: Schema, direction: Direction): string {
    const { enum: values, type, oneOf, anyOf, allOf, format } = schema;
    const name = referenced(schema);
    if (name !== undefined) return this.reference(name, direction);
    if ('const' in schema) return literal(schema['const']);
    if (Array.isArray(values)) return union(values.map(literal));
    const alternatives = oneOf ?? anyOf;
    if (Array.isArray(alternatives)) return union(alternatives.map((one: Schema) => this.typeOf(one, direction)));
    if (Array.isArray(allOf)) return allOf.map((one: Schema) => this.typeOf(one, direction)).join(' & ');
    if (Array.isArray(type)) return union(type.map((one) => this.typeOf({ ...schema, type: one }, direction)));
    if (type === 'string' && format === 'date-time') return direction === 'in' ? 'TimeInput' : 'Time';
    if (type === 'array') return listOf(this.typeOf((schema['items'] ?? {}) as Schema, direction));
    if (type === 'object' || 'properties' in schema) return this.objectType(schema, direction);
    return PLAIN[String(type)] ?? 'unknown';
  }

  /** The members of an object, one a line, with what the schema says of them. */
  members(schema: Schema, direction: Direction, indent = '  '): string {
    const {
      properties = {},
      required = [],
      additionalProperties: others,
    } = schema as {
      properties?: Record<string, Schema>;
      required?: string[];
      additionalProperties?: boolean | Schema;
    };
    const lines = Object.entries(properties).map(([name, property]) => {
      const optional = required.includes(name) ? '' : '?';
      const type = this.typeOf(property, direction);
      const described = comment(property['description'], indent);
      return `${described}${indent}readonly ${memberName(name)}${optional}: ${type}${optional && direction === 'in' ? ' | undefined' : ''};\n`;
    });
    if (others === true || typeof others === 'object') {
      // Members with names have types of their own, which those of the others would have to include.
      const type = lines.length > 0 ? 'unknown' : this.typeOf(others === true ? {} : others, direction);
      lines.push(`${indent}readonly [name: string]: ${type};\n`);
    }
    return lines.join('');
  }

  /** The type of an object, over several lines. */
  block(schema: Schema, direction: Direction): string {
    return `{\n${this.members(schema, direction)}}`;
  }

  /** An exported type of an object. */
  declaration(name: string, schema: Schema, direction: Direction): string {
    return `${comment(schema['description'], '')}export interface ${name} {\n${this.members(schema, direction)}}\n`;
  }

  /** Declarations of everything that was referred to, in the order of the names. */
  declarations(): string[] {
    return [...this.named].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  }

  private reference(name: string, direction: Direction): string {
    const known = this.types.get(name);
    if (known !== undefined) return known;
    const schema = this.schemas[name] ?? {};
    const isObject = Object.keys((schema['properties'] as object | undefined) ?? {}).length > 0;
    return this.alias(name, () => (isObject ? this.block(schema, direction) : this.typeOf(schema, direction)));
  }

  private objectType(schema: Schema, direction: Direction): string {
    const { properties = {}, additionalProperties: others } = schema as {
      properties?: object;
      additionalProperties?: boolean | Schema;
    };
    if (Object.keys(properties).length === 0) {
      const type = typeof others === 'object' ? this.typeOf(others, direction) : 'unknown';
      return `Readonly<Record<string, ${type}>>`;
    }
    const members = this.members(schema, direction, '').replaceAll(/\/\*\*.*\*\/\n/g, '');
    return `{ ${members.trim().replaceAll('\n', ' ').replace(/;$/, '')} }`;
  }
}

/** The name of the component schema that a schema refers to; undefined where it says something itself. */
export const referenced = ({ $ref: reference }: Schema): string | undefined =>
  typeof reference === 'string' ? reference.split('/').at(-1) : undefined;
