import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Whether the schema is that of this release, or of a later one. */
@Injectable()
export class PendingMigrations {
  private upToDate = false;

  constructor(private readonly dataSource: DataSource) {}

  /**
   * The names of migrations that have not run. Migrations are forward-only, so once there are none it stops querying;
   * migrations of a later release are ignored.
   * @throws what the driver throws
   */
  async list(): Promise<string[]> {
    if (this.upToDate) return [];
    const ran = await this.ran();
    const missing = this.known().filter((name) => !ran.has(name));
    this.upToDate = missing.length === 0;
    return missing;
  }

  /** The names of migrations that have run and that this release does not have: a newer one or an extension has. */
  async unknown(): Promise<string[]> {
    const known = this.known();
    return [...(await this.ran())].filter((name) => !known.includes(name));
  }

  private known(): string[] {
    return this.dataSource.migrations.map(({ name, constructor }) => name ?? constructor.name);
  }

  /** Not TypeORM's `showMigrations`, which creates the table when it is missing. */
  private async ran(): Promise<Set<string>> {
    const table = this.dataSource.options.migrationsTableName ?? 'migrations';
    const [found] = await this.dataSource.query<{ name: string | null }[]>('SELECT to_regclass($1) AS name', [table]);
    if (!found?.name) return new Set();
    const rows = await this.dataSource.query<{ name: string }[]>(`SELECT name FROM "${table}" ORDER BY id`);
    return new Set(rows.map(({ name }) => name));
  }
}
