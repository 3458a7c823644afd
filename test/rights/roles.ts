import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

interface RolesFile {
  default_role?: string;
  roles: Record<string, { rank: number; assignable?: boolean; rights: string[] }>;
  role_scope_keys?: Record<string, { values?: string[] }>;
}

/** A roles file made by a team. */
export interface CustomRoles {
  /** What starts the service with it. */
  readonly env: { readonly ROLES_FILE: string };
  remove(): void;
}

/** The built-in roles with more beside them, as a team would write them. */
export function customRoles(more: RolesFile): CustomRoles {
  const builtIn: RolesFile = parse(readFileSync(new URL('../../roles.yml', import.meta.url), 'utf8'));
  const folder = mkdtempSync(join(tmpdir(), 'iam-roles-'));
  const file = join(folder, 'roles.yml');
  writeFileSync(file, stringify({ ...builtIn, ...more, roles: { ...builtIn.roles, ...more.roles } }));
  return { env: { ROLES_FILE: file }, remove: () => rmSync(folder, { recursive: true }) };
}
