import { v7 as uuidv7 } from 'uuid';
import type { Audit } from '../../events/audit.js';
import { readBody } from '../../json-api/write/body.js';
import { sql, type Transaction } from '../../json-api/sql/sql.js';
import { OrganizationResource } from '../../organizations/organization.resource.js';
import type { OrganizationReference } from './account-reader.js';

/** The result of a reference: the id of an organization, or an error. */
export type Found = { readonly id: string } | { readonly error: string };

/** Finds the organizations of lines, and optionally creates missing ones. */
export class OrganizationFinder {
  private readonly byId = new Set<string>();
  /** Null for an ambiguous name. */
  private readonly byName = new Map<string, string | null>();
  /** The number created since `load`. */
  made = 0;

  constructor(
    private readonly audit: Audit,
    private readonly options: { readonly createOrganizations: boolean; readonly dryRun: boolean },
  ) {}

  /** Loads all organizations of these references in one statement. Call this in each transaction. */
  async load(references: readonly OrganizationReference[], tx: Transaction): Promise<void> {
    this.made = 0;
    this.byId.clear();
    this.byName.clear();
    const ids = references.flatMap(({ id }) => id ?? []);
    const names = references.flatMap(({ name }) => name?.trim() ?? []);
    const rows = await tx.query<{ id: string; name: string }>(sql`
      SELECT id, name FROM organizations WHERE id = ANY(${[...new Set(ids)]}::uuid[]) AND deletion_started_at IS NULL
      UNION SELECT id, name FROM organizations WHERE name = ANY(${[...new Set(names)]}::text[])
        AND deletion_started_at IS NULL`);
    for (const { id, name } of rows) this.know(id, name);
  }

  /**
   * The organization of a reference: with an id, the one with that id, else a new one if creating is allowed; without
   * an id, the one with its name.
   */
  async find({ id, name }: OrganizationReference, tx: Transaction): Promise<Found> {
    if (id !== null && this.byId.has(id)) return { id };
    const label = JSON.stringify(name ?? id);
    if (name === null) return { error: `There is no organization ${label}` };
    const { createOrganizations: create } = this.options;
    if (create && id !== null) return this.make(id, name, tx);
    const named = this.byName.get(name.trim());
    if (named === null) return { error: `Several organizations are called ${label}; name one by its id` };
    if (named !== undefined) return { id: named };
    if (!create) return { error: `There is no organization ${label}; --create-organizations creates it` };
    return this.make(uuidv7(), name, tx);
  }

  private async make(id: string, given: string, tx: Transaction): Promise<Found> {
    const { values, errors } = readBody(OrganizationResource, 'create', { name: given });
    if (errors.length > 0) return { error: `Organization ${JSON.stringify(given)}: ${errors[0]?.detail}` };
    const name = String(values['name']);
    if (!this.options.dryRun) await this.store(id, name, tx);
    this.know(id, name);
    this.made++;
    return { id };
  }

  private async store(id: string, name: string, tx: Transaction): Promise<void> {
    await tx.query(sql`INSERT INTO organizations (id, name) VALUES (${id}, ${name})`);
    await this.audit.record(tx, {
      action: 'iam:organizations.created',
      actorId: null,
      target: { type: 'iam:organizations', id },
      details: { attributes: ['name'], by: 'operator' },
    });
  }

  private know(id: string, name: string): void {
    this.byId.add(id);
    this.byName.set(name, this.byName.has(name) ? null : id);
  }
}
