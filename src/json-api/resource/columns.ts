import type { Type } from '@nestjs/common';
import { getMetadataArgsStorage } from 'typeorm';
import type { ColumnMetadataArgs } from 'typeorm/metadata-args/ColumnMetadataArgs.js';

/** What TypeORM's decorators say of an entity: its table, and the names of its columns. */

/** A table beside that of a resource, with attributes that an extension adds: at most one row for each. */
export interface SideTable {
  readonly entity: Type<object>;
  readonly table: string;
  /** Its name within a statement. */
  readonly alias: string;
  /** The primary key: the id of the row that it belongs to. */
  readonly key: { readonly property: string; readonly column: string };
}

/** The database table of an entity. @throws TypeError where the entity has none, or one in a schema of its own */
export function tableName(entity: Type<unknown>): string {
  const table = getMetadataArgsStorage().tables.find(({ target }) => target === entity);
  if (!table?.name) throw new TypeError(`${entity.name} has no @Entity('table_name')`);
  if (table.schema !== undefined) {
    throw new TypeError(
      `${entity.name} has the option "schema"; remove it: tables are found by the search path of the database role`,
    );
  }
  return table.name;
}

/** What is wrong with an entity that the data source does not know. */
export const unregistered = (entity: { readonly name: string }): string =>
  `no module registered the entity ${entity.name}; list it in "entities" of the extension`;

/** The columns that an entity declares itself or inherits, by property. */
export function columnsOf(entity: Type<unknown>): Map<string, ColumnMetadataArgs> {
  const lineage: unknown[] = [];
  for (let target: unknown = entity; typeof target === 'function'; target = Object.getPrototypeOf(target)) {
    lineage.push(target);
  }
  const columns = getMetadataArgsStorage().columns.filter((column) => lineage.includes(column.target));
  return new Map(columns.map((column) => [column.propertyName, column]));
}

/** `createdAt` → `created_at`: the spelling of a property's name on the wire, and of its column unless that has a name. */
export const snakeCase = (property: string): string =>
  property.replace(/[A-Z]/g, (letter, at: number) => (at > 0 ? '_' : '') + letter.toLowerCase());

/** The name of a property's column in the database. @throws TypeError that begins with `where` if there is none */
export function columnName(where: string, entity: Type<unknown>, property: string): string {
  const column = columnsOf(entity).get(property);
  if (!column) throw new TypeError(`${where}: ${entity.name} has no column "${property}"`);
  return nameOf(column);
}

/** The name of a column in the database. */
export const nameOf = ({ propertyName, options }: ColumnMetadataArgs): string =>
  options.name ?? snakeCase(propertyName);

const deletedColumnOf = (entity: Type<unknown>): ColumnMetadataArgs | undefined =>
  [...columnsOf(entity).values()].find(({ mode }) => mode === 'deleteDate');

/** Whether the entity's rows are deleted softly (`@DeleteDateColumn`). */
export const hasDeletedColumn = (entity: Type<unknown>): boolean => deletedColumnOf(entity) !== undefined;

/**
 * The column in which a deletion is stored (`@DeleteDateColumn`); undefined where rows are really deleted.
 * @throws TypeError where the entity has no id and version as every resource has them
 */
export function checkEntity(entity: Type<unknown>): { readonly deletedColumn?: string } {
  const columns = columnsOf(entity);
  const [id, version] = [columns.get('id'), columns.get('version')];
  if (!id || version?.mode !== 'version') {
    throw new TypeError(`${entity.name} needs an id column and a @VersionColumn() named version`);
  }
  if (id.options.type !== 'uuid') throw new TypeError(`${entity.name}.id must be a uuid: @PrimaryColumn('uuid')`);
  for (const { propertyName, options } of [id, version]) {
    if (options.name !== undefined && options.name !== propertyName) {
      throw new TypeError(
        `${entity.name}.${propertyName} has the option "name"; remove it: this column is always called ${propertyName}`,
      );
    }
  }
  const deleted = deletedColumnOf(entity);
  return deleted ? { deletedColumn: nameOf(deleted) } : {};
}
