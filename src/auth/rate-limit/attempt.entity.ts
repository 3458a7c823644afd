import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Attempts that are counted under one key, in the shape that rate-limiter-flexible asks for. */
@Entity('attempts')
export class Attempt {
  @PrimaryColumn('varchar', { length: 255 }) key!: string;
  @Column('integer', { default: 0 }) points!: number;
  /** When the window ends, in ms since the epoch. */
  @Column('bigint', { nullable: true })
  @Index()
  expire!: string | null;
}
