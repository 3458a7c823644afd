import { LineCounter, parseDocument, type Document } from 'yaml';
import { parseRight, type Right } from './rights.js';
import { Role } from './actor.js';

/** A key besides `org` that `role_scope` may carry; its value is a list of strings. */
export interface ScopeKey {
  /** The strings allowed; null allows any of 1 to 200 characters. */
  readonly values: ReadonlySet<string> | null;
  /** Maximum number of strings. */
  readonly maxItems: number;
}

/** A roles file, parsed and checked. */
export interface RolesFile {
  readonly roles: ReadonlyMap<string, Role>;
  readonly scopeKeys: ReadonlyMap<string, ScopeKey>;
  /** The role of accounts that are created without one. */
  readonly defaultRole: string;
}

/** The roles file cannot be used. The message names every problem. */
export class RolesFileError extends Error {
  constructor(
    file: string,
    readonly errors: readonly string[],
  ) {
    super(`The roles file ${file} cannot be used:\n${errors.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'RolesFileError';
  }
}

type Mapping = Record<string, unknown>;

/** Names of roles and of scope keys. 100 characters is what the column `role_name` holds. */
const NAME = /^[a-z][a-z0-9_]{0,99}$/;
const DEFAULT_ROLE = 'user';
const DEFAULT_MAX_ITEMS = 100;
const MAX_ITEMS_LIMIT = 1000;

/**
 * Reads a roles file; `roles.yml` explains its format.
 * @param file name of the file, for the message
 * @throws RolesFileError with all errors at once
 */
export function parseRolesFile(text: string, file: string): RolesFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // Syntax errors and duplicate keys; nothing below them can be trusted to mean what its author meant.
  const broken = document.errors.map(({ message, pos }) => `line ${lines.linePos(pos[0]).line}: ${message}`);
  if (broken.length > 0) throw new RolesFileError(file, broken);

  const reader = new Reader();
  const parsed = reader.file(toJs(document, file));
  if (reader.errors.length > 0) throw new RolesFileError(file, reader.errors);
  return parsed;
}

/** An alias that names no anchor comes to light only here, and a right written without its quotes is one. */
function toJs(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new RolesFileError(file, [`${message} (a right that begins with * must stand in quotes: '*.*.*')`]);
  }
}

/** Walks the parsed YAML and collects what is wrong with it, each problem with its path. */
class Reader {
  readonly errors: string[] = [];

  file(value: unknown): RolesFile {
    const top = this.mapping('the file', value, ['roles', 'role_scope_keys', 'default_role']);
    const roles = this.named('roles', top.roles, (path, name, entry) => this.role(path, name, entry));
    const scopeKeys = this.named('role_scope_keys', top.role_scope_keys ?? {}, (path, name, entry) => {
      if (name === 'org') this.addError(path, 'org is built in and cannot be declared');
      return this.scopeKey(path, entry);
    });
    const defaultRole = this.text('default_role', top.default_role ?? DEFAULT_ROLE);
    // The checks below would only repeat the errors of single roles.
    if (this.errors.length === 0) this.checkTogether(roles, defaultRole);
    return { roles, scopeKeys, defaultRole };
  }

  /** Checks across roles: an admin must be possible, and every assignable role must have an assigner. */
  private checkTogether(roles: ReadonlyMap<string, Role>, defaultRole: string): void {
    if (!roles.get(defaultRole)?.assignable) {
      this.addError('default_role', `"${defaultRole}" is not an assignable role; new accounts could not be given one`);
    }
    const assignable = [...roles.values()].filter((role) => role.assignable);
    const highest = Math.max(...assignable.filter((role) => role.everything).map((role) => role.rank));
    if (highest === -Infinity) {
      this.addError('roles', 'no assignable role has every right (*.*.*); there could be no admin');
      return;
    }
    for (const role of assignable.filter(({ rank }) => rank > highest)) {
      const wording = `${role.rank} is above every assignable role with all rights; "${role.name}" could not be assigned`;
      this.addError(`roles.${role.name}.rank`, wording);
    }
  }

  private role(path: string, name: string, value: unknown): Role {
    const entry = this.mapping(path, value, ['rank', 'assignable', 'rights']);
    const rank = this.integer(`${path}.rank`, entry.rank, 0, Number.MAX_SAFE_INTEGER);
    const assignable = entry.assignable ?? true;
    if (typeof assignable !== 'boolean') this.addError(`${path}.assignable`, 'must be true or false');
    return new Role({
      name,
      rank,
      assignable: assignable === true,
      rights: this.rights(`${path}.rights`, entry.rights),
    });
  }

  private rights(path: string, value: unknown): Right[] {
    const rights: Right[] = [];
    for (const [index, text] of this.strings(path, value).entries()) {
      const result = parseRight(text);
      if ('right' in result) rights.push(result.right);
      else result.errors.forEach((problem) => this.addError(`${path}[${index}]`, problem));
    }
    return rights;
  }

  private scopeKey(path: string, value: unknown): ScopeKey {
    // `region:` with nothing after it is the natural way to write a key without options.
    const entry = this.mapping(path, value ?? {}, ['values', 'max_items']);
    const values = entry.values === undefined ? null : new Set(this.strings(`${path}.values`, entry.values));
    const maxItems = entry.max_items ?? DEFAULT_MAX_ITEMS;
    return { values, maxItems: this.integer(`${path}.max_items`, maxItems, 1, MAX_ITEMS_LIMIT) };
  }

  private named<T>(path: string, value: unknown, read: (path: string, name: string, entry: unknown) => T) {
    const result = new Map<string, T>();
    for (const [name, entry] of Object.entries(this.mapping(path, value, null))) {
      const at = `${path}.${name}`;
      if (!NAME.test(name)) this.addError(at, 'a name is lower-case letters, digits and underscores, 100 at most');
      result.set(name, read(at, name, entry));
    }
    return result;
  }

  private mapping(path: string, value: unknown, known: readonly string[] | null): Mapping {
    if (!isMapping(value)) {
      this.addError(path, value === undefined ? 'is missing' : 'must be a mapping');
      return {};
    }
    for (const key of Object.keys(value)) {
      if (known && !known.includes(key))
        this.addError(path, `"${key}" is not known here; known are ${known.join(', ')}`);
    }
    return value;
  }

  private strings(path: string, value: unknown): string[] {
    if (!Array.isArray(value)) {
      this.addError(path, value === undefined ? 'is missing' : 'must be a list');
      return [];
    }
    const strings = value.map((item, index) => this.text(`${path}[${index}]`, item));
    strings.forEach((item, index) => {
      if (item && strings.indexOf(item) < index) this.addError(`${path}[${index}]`, `"${item}" is listed twice`);
    });
    return strings.filter((item) => item !== '');
  }

  private text(path: string, value: unknown): string {
    if (typeof value === 'string' && value !== '') return value;
    this.addError(path, 'must be text');
    return '';
  }

  private integer(path: string, value: unknown, low: number, high: number): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
    const range = high === Number.MAX_SAFE_INTEGER ? `from ${low}` : `from ${low} to ${high}`;
    this.addError(path, value === undefined ? 'is missing' : `must be a whole number ${range}`);
    return low;
  }

  private addError(path: string, wording: string): void {
    this.errors.push(`${path}: ${wording}`);
  }
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
