import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Attempts that are counted under one key, in the schema that rate-limiter-flexible requires. */
@Entity('attempts')
export class Attempt {
  @PrimaryColumn('varchar', { length: 255 }) key!: string;
  @Column('integer', { default: 0 }) points!: number;
  /** When the window ends, in ms since the epoch. */
  @Column('bigint', { nullable: true })
  @Index()
  expire!: string | null;
}
