import { Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/**
 * The membership of an account in an organization, from which `role_scope.org` is computed. The foreign keys
 * delete it with either of them.
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
