import {
  Column,
  CreateDateColumn,
  Entity,
  ForeignKey,
  Index,
  PrimaryColumn,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import { Account } from '../accounts/account.entity.js';
import { SORTED, TIME } from '../json-api/resource/field-types.js';

/** A signed-in device. Its refresh tokens form one chain; the row stores the current one. */
@Entity('account_sessions')
@Index(['accountId'])
@Index(['userAgent', 'id'])
@Index(['ip', 'id'])
@Index(['refreshSeq', 'id'])
@Index(['nonce'])
@Index(['createdAt'])
@Index(['updatedAt'])
export class AccountSession {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'uuid', comment: 'Account that is signed in' })
  @ForeignKey(() => Account, { onDelete: 'CASCADE' })
  accountId!: string;

  /** Counts the refreshes. */
  @Column({ type: 'integer', default: 0 }) refreshSeq!: number;

  /** Random, new with each refresh; part of the refresh token. */
  @Column({ type: 'varchar', length: 64 }) nonce!: string;

  @Column({
    type: 'varchar',
    length: 500,
    nullable: true,
    comment: 'The `User-Agent` of the browser or client',
    ...SORTED,
  })
  userAgent!: string | null;

  @Column({ type: 'varchar', length: 45, comment: 'Address that the sign-in came from', ...SORTED })
  ip!: string;

  @Column({
    type: 'varchar',
    length: 10,
    array: true,
    default: [],
    comment: 'How the account signed in, or proved who it is since: `pwd` and others of RFC 8176, `fed`, `rcv`',
  })
  amr!: string[];

  @Column({ ...TIME, default: () => 'now()', comment: 'When the account signed in, or proved who it is since' })
  @Index()
  authenticatedAt!: Date;

  /** When the current step of the chain began, by the database's clock. */
  @Column({ ...TIME }) refreshedAt!: Date;

  @CreateDateColumn({ ...TIME, comment: 'When the session began' }) createdAt!: Date;
  @UpdateDateColumn({ ...TIME, comment: 'When the session was last refreshed' }) updatedAt!: Date;

  @Column({ ...TIME, comment: 'When the session ends unless it is refreshed' })
  @Index()
  expiresAt!: Date;

  @VersionColumn({ default: 1 }) version!: number;

  /** Whether it is the actor's own session. Not a column. */
  current!: boolean;
}
