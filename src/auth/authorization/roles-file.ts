import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument, type Document } from 'yaml';
import { BUILT_IN_ROLES } from '../../config/config.js';
import { Role } from './actor.js';
import {
  type ForeignResource,
  isScope,
  NAME,
  parseRight,
  RESOURCE,
  type Right,
  type RightDeclarations,
  type Scope,
} from './rights.js';
import { type Mapping, YamlReader } from './yaml-reader.js';

/** A key besides `org` that `role_scope` may carry; its value is a list of strings. */
export interface ScopeKey {
  /** The strings allowed; null allows any of 1 to 200 characters. */
  readonly values: ReadonlySet<string> | null;
  /** Maximum number of strings. */
  readonly maxItems: number;
}

/** A roles file, parsed and checked. */
export interface RolesFile extends RightDeclarations {
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

const NAMES = { pattern: NAME, wording: 'a name is lower-case letters, digits and underscores, 100 at most' };
const TYPES = { pattern: RESOURCE, wording: 'a resource type is written as in "dataset:projects"' };
const TOP_KEYS = ['extends', 'roles', 'resources', 'scope_aliases', 'role_scope_keys', 'default_role'];
const ROLE_KEYS = ['title', 'description', 'rank', 'assignable', 'mfa', 'rights', 'replace'];
/** The role of requests without credentials. */
const ANONYMOUS = 'anonymous';
const DEFAULT_ROLE = 'user';
const DEFAULT_MAX_ITEMS = 100;
const MAX_ITEMS_LIMIT = 1000;

/** What a file without `extends` begins with. */
const NOTHING: RolesFile = {
  roles: new Map(),
  scopeKeys: new Map(),
  resources: new Map(),
  scopeAliases: new Map(),
  defaultRole: DEFAULT_ROLE,
};

/**
 * Reads a roles file; docs/roles.md explains its format.
 * @param file name of the file, for the message
 * @throws RolesFileError with all errors at once
 */
export function parseRolesFile(text: string, file: string): RolesFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // Syntax errors and duplicate keys; nothing below them can be trusted to mean what its author meant.
  const broken = document.errors.map(({ message, pos }) => `line ${lines.linePos(pos[0]).line}: ${message}`);
  if (broken.length > 0) throw new RolesFileError(file, broken);

  const reader = new RolesReader(file);
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

const merged = <Value>(base: ReadonlyMap<string, Value>, added: ReadonlyMap<string, Value>): Map<string, Value> =>
  new Map([...base, ...added]);

/** Reads the parts of a roles file. */
class RolesReader extends YamlReader {
  constructor(private readonly name: string) {
    super();
  }

  file(value: unknown): RolesFile {
    const top = this.mapping('the file', value, TOP_KEYS);
    const base = this.base(top['extends']);
    const resources = this.named('resources', top['resources'] ?? {}, TYPES, (path, _name, entry) =>
      this.resource(path, entry),
    );
    const aliases = this.named('scope_aliases', top['scope_aliases'] ?? {}, NAMES, (path, name, entry) =>
      this.scopeAlias(path, name, entry),
    );
    const declared = {
      resources: merged(base.resources, resources),
      scopeAliases: merged(base.scopeAliases, aliases),
    };
    const added = base === NOTHING ? top['roles'] : (top['roles'] ?? {});
    const roles = this.named('roles', added, NAMES, (path, name, entry) =>
      this.role(path, name, entry, base.roles.get(name), declared),
    );
    const scopeKeys = this.named('role_scope_keys', top['role_scope_keys'] ?? {}, NAMES, (path, name, entry) => {
      if (name === 'org') this.addError(path, 'org is built in and cannot be declared');
      return this.scopeKey(path, entry);
    });
    const defaultRole = this.text('default_role', top['default_role'] ?? base.defaultRole);
    const file = {
      ...declared,
      roles: merged(base.roles, roles),
      scopeKeys: merged(base.scopeKeys, scopeKeys),
      defaultRole,
    };
    // The checks below would only repeat the errors of single roles.
    if (this.errors.length === 0) this.checkTogether(file);
    return file;
  }

  /** The file that this one adds to. */
  private base(value: unknown): RolesFile {
    if (value === undefined) return NOTHING;
    if (value !== 'default') this.addError('extends', 'must be default: the built-in roles');
    else if (this.name === BUILT_IN_ROLES) this.addError('extends', 'the built-in roles extend no others');
    else return parseRolesFile(readFileSync(BUILT_IN_ROLES, 'utf8'), BUILT_IN_ROLES);
    return NOTHING;
  }

  /** Checks across roles: an admin must be possible, and every assignable role must have an assigner. */
  private checkTogether({ roles, defaultRole }: RolesFile): void {
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

  /** @param builtIn the built-in role of this name, if the file extends those */
  private role(
    path: string,
    name: string,
    value: unknown,
    builtIn: Role | undefined,
    declared: RightDeclarations,
  ): Role {
    const entry = this.mapping(path, value, ROLE_KEYS);
    const replaces = this.boolean(`${path}.replace`, entry['replace'] ?? false);
    if (replaces && !builtIn) this.addError(`${path}.replace`, 'no built-in role of this name is extended');
    const base = replaces ? undefined : builtIn;
    return new Role({
      name,
      title: this.optionalText(`${path}.title`, entry['title']) ?? base?.title ?? null,
      description: this.optionalText(`${path}.description`, entry['description']) ?? base?.description ?? null,
      rank: this.integer(`${path}.rank`, entry['rank'] ?? base?.rank, 0, Number.MAX_SAFE_INTEGER),
      assignable: this.assignable(path, name, entry, base),
      requiresFactor: this.requiresFactor(`${path}.mfa`, entry['mfa'], base),
      rights: this.rights(`${path}.rights`, entry['rights'], base, declared),
    });
  }

  private requiresFactor(path: string, value: unknown, base: Role | undefined): boolean {
    if (value === undefined) return base?.requiresFactor ?? false;
    if (value !== 'required' && value !== 'optional') this.addError(path, 'must be required or optional');
    return value === 'required';
  }

  private assignable(path: string, name: string, entry: Mapping, base: Role | undefined): boolean {
    const standard = base?.assignable ?? name !== ANONYMOUS;
    const assignable = this.boolean(`${path}.assignable`, entry['assignable'] ?? standard);
    if (!assignable || name !== ANONYMOUS) return assignable;
    this.addError(
      `${path}.assignable`,
      'no account can be anonymous: the role is that of requests without credentials',
    );
    return false;
  }

  /** The rights of the built-in role, then the entry's own; one that both have counts once. */
  private rights(path: string, value: unknown, base: Role | undefined, declared: RightDeclarations): Right[] {
    const rights = [...(base?.parsedRights ?? [])];
    for (const [index, text] of this.strings(path, base ? (value ?? []) : value).entries()) {
      const result = parseRight(text, declared);
      if ('errors' in result) result.errors.forEach((problem) => this.addError(`${path}[${index}]`, problem));
      else if (!rights.some((right) => right.text === text)) rights.push(result.right);
    }
    return rights;
  }

  private resource(path: string, value: unknown): ForeignResource {
    const entry = this.mapping(path, value, ['actions', 'scopes']);
    return {
      actions: this.words(`${path}.actions`, entry['actions'], []),
      scopes: this.words(`${path}.scopes`, entry['scopes'], ['*']),
    };
  }

  /** At least one name. */
  private words(path: string, value: unknown, others: readonly string[]): Set<string> {
    const words = this.strings(path, value);
    if (Array.isArray(value) && value.length === 0) this.addError(path, 'lists nothing');
    for (const word of words) {
      if (!NAME.test(word) && !others.includes(word)) this.addError(path, `"${word}": ${NAMES.wording}`);
    }
    return new Set(words);
  }

  private scopeAlias(path: string, name: string, value: unknown): Scope {
    if (isScope(name)) this.addError(path, `${name} is built in and cannot be an alias`);
    const scope = this.text(path, value);
    if (isScope(scope)) return scope;
    if (scope !== '') this.addError(path, `"${scope}" is no scope; known are own, org and *`);
    return 'own';
  }

  private scopeKey(path: string, value: unknown): ScopeKey {
    // `region:` with nothing after it is the natural way to write a key without options.
    const entry = this.mapping(path, value ?? {}, ['values', 'max_items']);
    const values = entry['values'] === undefined ? null : new Set(this.strings(`${path}.values`, entry['values']));
    const maxItems = entry['max_items'] ?? DEFAULT_MAX_ITEMS;
    return { values, maxItems: this.integer(`${path}.max_items`, maxItems, 1, MAX_ITEMS_LIMIT) };
  }
}
