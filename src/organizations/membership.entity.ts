import { Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/**
 * An account's place in an organization: the truth behind `role_scope.org`. The foreign keys see to it that none is
 * left dangling, whoever deletes what.
 */
@Entity('memberships')
@Index(['organizationId', 'accountId'])
export class Membership {
  /** Named by its entity's name: an import would make accounts and organizations import each other. */
  @PrimaryColumn('uuid')
  @ForeignKey('Account', { onDelete: 'CASCADE' })
  accountId!: string;

  @PrimaryColumn('uuid')
  @ForeignKey('Organization', { onDelete: 'CASCADE' })
  organizationId!: string;
}
