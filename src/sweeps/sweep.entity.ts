import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TIME } from '../json-api/resource/field-types.js';

/** When a table's expired rows are next deleted. The instance that advances the time deletes them. */
@Entity('sweeps')
export class SweepRun {
  /** Name of the table. */
  @PrimaryColumn('varchar', { length: 63 }) name!: string;
  @Column({ ...TIME }) dueAt!: Date;
}
