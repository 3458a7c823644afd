import { ArrayMaxSize, IsNotEmpty } from 'class-validator';
import {
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  ForeignKey,
  Index,
  PrimaryColumn,
  VersionColumn,
} from 'typeorm';
import { SORTED, TIME } from '../../../src/json-api/resource/field-types.js';
import { Organization } from '../../../src/organizations/organization.entity.js';

/** In this order, which is not that of the alphabet. */
export const STATES = ['draft', 'published', 'archived'] as const;
export const SIZES = ['large', 'medium', 'small'] as const;

/** A column of each kind, most of them with another name than their property. */
@Entity('products')
@Index(['organizationId'])
@Index(['code'], { unique: true, where: 'gone_at IS NULL' })
export class Product {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'varchar', length: 40, name: 'label', comment: 'Name as shown to people', ...SORTED })
  @IsNotEmpty({ message: 'must not be empty' })
  title!: string;

  @Column({ type: 'varchar', length: 20, name: 'article_no', nullable: true, ...SORTED }) code!: string | null;

  @Column({ type: 'enum', enum: STATES, name: 'current_state', default: 'draft' }) state!: (typeof STATES)[number];
  @Column({ type: 'varchar', enum: SIZES, nullable: true, ...SORTED }) size!: (typeof SIZES)[number] | null;

  @Column({ type: 'numeric', precision: 12, scale: 2, name: 'unit_price' }) price!: string;
  @Column({ type: 'numeric', precision: 30, scale: 10, nullable: true }) weight!: string | null;

  @Column({ type: 'date', name: 'released_on' }) releaseDate!: string;
  @Column({ type: 'date', nullable: true }) endDate!: string | null;

  @Column({ type: 'text', array: true, name: 'keywords', default: [] })
  @ArrayMaxSize(5, { message: 'must have at most 5 items' })
  tags!: string[];

  @Column({ type: 'varchar', length: 10, array: true, nullable: true }) marks!: string[] | null;

  @Column({ type: 'uuid', name: 'org_ref', nullable: true })
  @ForeignKey(() => Organization)
  organizationId!: string | null;

  /** Of another product, whose variant this one is. */
  @Column({ type: 'uuid', name: 'variant_of', nullable: true }) originalId!: string | null;

  @CreateDateColumn({ ...TIME, name: 'made_at' }) createdAt!: Date;
  @DeleteDateColumn({ ...TIME, name: 'gone_at' }) deletedAt!: Date | null;
  @VersionColumn({ default: 1 }) version!: number;
}

/** A join table with names of its own. */
@Entity('product_testers')
export class ProductTester {
  @PrimaryColumn('uuid', { name: 'product_ref' })
  @ForeignKey(() => Product, { onDelete: 'CASCADE' })
  productId!: string;

  @PrimaryColumn('uuid', { name: 'account_ref' }) accountId!: string;
}
