import { IsNotEmpty, Min } from 'class-validator';
import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  ForeignKey,
  Index,
  PrimaryColumn,
  Unique,
  VersionColumn,
} from 'typeorm';
import { Account, NoControlCharacters, Organization, SORTED, TIME, Trimmed } from 'iam';

/** Things of an organization that its people reserve. */
@Entity('items')
@Unique(['organizationId', 'sku'])
@Check('items_reserved_check', 'reserved >= 0 AND reserved <= quantity')
export class Item {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'varchar', length: 8, comment: 'Number of the article', ...SORTED }) sku!: string;

  @Column({ type: 'varchar', length: 100, comment: 'Name as shown to people', ...SORTED })
  @Trimmed()
  @IsNotEmpty()
  @NoControlCharacters()
  name!: string;

  @Column({ type: 'integer', default: 1, comment: 'How many there are' })
  @Min(0)
  quantity!: number;

  @Column({ type: 'integer', default: 0, comment: 'How many of them are reserved' }) reserved!: number;

  @Column({ type: 'numeric', precision: 10, scale: 2, nullable: true, comment: 'Price of one' })
  price!: string | null;

  @Column({ type: 'date', nullable: true, comment: 'Day of the purchase' }) purchasedOn!: string | null;

  @Column({ type: 'uuid', comment: 'Organization that has it' })
  @ForeignKey(() => Organization, { onDelete: 'CASCADE' })
  organizationId!: string;

  @CreateDateColumn({ ...TIME }) createdAt!: Date;
  @VersionColumn({ default: 1 }) version!: number;
}

/** What an account has reserved of an item, until it expires; also where the account is deleted before. */
@Entity('reservations')
@Unique(['itemId', 'accountId'])
@Index(['accountId'])
@Index(['expiresAt'])
export class Reservation {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'uuid' })
  @ForeignKey(() => Item, { onDelete: 'CASCADE' })
  itemId!: string;

  @Column({ type: 'uuid', nullable: true })
  @ForeignKey(() => Account, { onDelete: 'SET NULL' })
  accountId!: string | null;

  @Column({ type: 'integer' }) quantity!: number;
  @Column({ ...TIME }) expiresAt!: Date;
}
