import { v7 as uuidv7 } from 'uuid';
import type { Account } from '../../accounts/account.entity.js';
import { extraIn, nameFrom, organizationsIn } from '../../accounts/account.policy.js';
import type { AccountRules } from '../../accounts/account.rules.js';
import { AccountTransferResource } from '../../accounts/account-transfer.resource.js';
import { emailKey } from '../../auth/email-key.js';
import type { Roles } from '../../auth/authorization/roles.js';
import { readBody } from '../../json-api/write/body.js';
import { isObject } from '../../json-api/resource/field-types.js';
import { isUuid } from '../../json-api/sql/sql.js';
import { snakeCase } from '../../json-api/resource/columns.js';
import type { AnyResource, CreateAttributes } from '../../json-api/resource/resource.js';
import type { FirebaseHashConfig } from '../../passwords/import/firebase.js';
import { readImportedHash } from '../../passwords/import/imported-hash.js';
import type { PasswordHasher } from '../../passwords/hashing/password.hasher.js';
import type { InputLine } from './input-lines.js';

/** A reference of a line to an organization: its id, its name, or both as in an export. */
export interface OrganizationReference {
  readonly id: string | null;
  readonly name: string | null;
}

/** An account to insert: columns as JSON for PostgreSQL. */
export interface AccountRow {
  readonly id: string;
  readonly email_key: string;
  readonly [column: string]: unknown;
}

/** A parsed line: errors, or else an account. */
export interface LineReading {
  readonly line: number;
  readonly errors: readonly string[];
  readonly account: AccountRow | null;
  /** What it has in the tables of extensions, by the names of these and of their columns. */
  readonly beside: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The password hash to store; null without one. */
  readonly hashedPassword: string | null;
  readonly organizations: readonly OrganizationReference[];
}

/** The transferred attributes of accounts, those that extensions add included. */
export type TransferResource = AnyResource;

/** Times are strings here, as in JSON. */
type Values = Omit<CreateAttributes<Account, typeof AccountTransferResource.rules>, 'joinedAt' | 'createdAt'> & {
  readonly joinedAt?: string | null;
  readonly createdAt?: string;
};

/** Validates lines by the rules of the API and of the installation. */
export class AccountReader {
  constructor(
    private readonly roles: Pick<Roles, 'defaultName'>,
    private readonly rules: Pick<AccountRules, 'errors'>,
    private readonly hasher: Pick<PasswordHasher, 'supports'>,
    private readonly firebase: FirebaseHashConfig | null = null,
    private readonly resource: TransferResource = AccountTransferResource,
  ) {}

  /** Never throws: returns all errors at once. */
  read({ number, value, error }: InputLine): LineReading {
    const wrong = (...errors: string[]): LineReading => ({
      line: number,
      errors,
      account: null,
      beside: {},
      hashedPassword: null,
      organizations: [],
    });
    if (error !== undefined) return wrong(error);
    if (!isObject(value)) return wrong('must be a JSON object');
    const { id, organizations = [], hashed_password: hash = null, ...attributes } = value;
    const { values, errors } = readBody(this.resource, 'create', attributes);
    const references = readReferences(organizations);
    const imported = readImportedHash(hash, (stored) => this.hasher.supports(stored), this.firebase);
    const all = [
      ...errors.map(({ detail }) => detail),
      ...this.rules.errors(values, 'import').map(({ detail }) => detail),
      ...('error' in imported ? [`hashed_password ${imported.error}`] : []),
      ...(values['kind'] === 'service' && hash !== null ? ['hashed_password is not for service accounts'] : []),
      ...(id === undefined || isUuid(id) ? [] : ['id must be a UUID']),
      ...(references === null ? ['organizations must be a list of ids, names or {"id", "name"}'] : []),
    ];
    if (all.length > 0) return wrong(...new Set(all));
    const hashedPassword = 'stored' in imported ? imported.stored : null;
    const account = this.toRow(typeof id === 'string' ? id.toLowerCase() : uuidv7(), values, hashedPassword);
    const scoped = organizationsIn(values['roleScope'] as Values['roleScope']).map((org) => ({ id: org, name: null }));
    const beside = this.besides(values);
    return {
      line: number,
      errors: [],
      account,
      beside,
      hashedPassword,
      organizations: [...(references ?? []), ...scoped],
    };
  }

  /**
   * The columns that the line sets; the database has defaults for the others. An account with a password, or of a
   * service, has joined, unless the line says otherwise.
   */
  private toRow(id: string, values: Values, hashedPassword: string | null): AccountRow {
    const { createdAt, email = '' } = values;
    const hasJoined = hashedPassword !== null || values.kind === 'service';
    const joined = hasJoined ? (createdAt ?? new Date().toISOString()) : null;
    const given = Object.entries(values).flatMap(([property, value]) => this.columnOf(property, value));
    return {
      name: nameFrom(email),
      role_name: this.roles.defaultName,
      joined_at: joined,
      ...(createdAt === undefined ? {} : { updated_at: createdAt }),
      ...Object.fromEntries(given),
      role_scope_extra: extraIn(values.roleScope ?? {}),
      id,
      email_key: emailKey(email),
    };
  }

  /** A value by its column of accounts; computed attributes have none. */
  private columnOf(property: string, value: unknown): [string, unknown][] {
    const attribute = this.resource.attributes.get(snakeCase(property));
    const isStored = attribute !== undefined && !attribute.computed && !attribute.side && value !== undefined;
    return isStored ? [[attribute.column, value]] : [];
  }

  /** The values of attributes that extensions add. */
  private besides(values: Readonly<Record<string, unknown>>): LineReading['beside'] {
    const beside: Record<string, Record<string, unknown>> = {};
    for (const { property, column, side } of this.resource.attributes.values()) {
      const value = values[property];
      if (side && value !== undefined) (beside[side.table] ??= {})[column] = value;
    }
    return beside;
  }
}

/** Null if it is not a list of organizations. */
function readReferences(value: unknown): OrganizationReference[] | null {
  if (!Array.isArray(value)) return null;
  const references = value.map(readReference);
  return references.every((reference) => reference !== null) ? references : null;
}

function readReference(value: unknown): OrganizationReference | null {
  if (typeof value === 'string') return isUuid(value) ? byId(value) : { id: null, name: value };
  if (!isObject(value)) return null;
  const { id = null, name = null, ...others } = value;
  const idFits = id === null || isUuid(id);
  const nameFits = name === null || typeof name === 'string';
  if (!idFits || !nameFits || (id === null && name === null) || Object.keys(others).length > 0) return null;
  return { id: id === null ? null : id.toLowerCase(), name };
}

const byId = (id: string): OrganizationReference => ({ id: id.toLowerCase(), name: null });
