import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { TIME } from '../../json-api/resource/field-types.js';

/** The one row that remembers what happens once in the life of a database. */
@Entity('installation')
@Check('installation_is_one_row', '"id" = 1')
export class Installation {
  @PrimaryColumn('integer') id!: number;
  /** When the first admin was made; never again after that, whatever becomes of the account. */
  @Column({ ...TIME }) firstAdminAt!: Date;
}
