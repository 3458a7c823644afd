import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { TIME } from '../json-api/resource/field-types.js';
import { ApiKey } from './api-key.entity.js';

/** What is stored of the secret of an API key. After a rotation the former ones stay for the overlap. */
@Entity('api_key_secrets')
export class ApiKeySecret {
  /** 10 characters of the key, which find it. */
  @PrimaryColumn('varchar', { length: 10 }) finder!: string;

  @Column('uuid')
  @ForeignKey(() => ApiKey, { onDelete: 'CASCADE' })
  @Index()
  keyId!: string;

  /** Hex SHA-256 of the whole key. */
  @Column('varchar', { length: 64 }) hash!: string;

  /** When the overlap of a rotation ends; null for the present secret, which ends with the key. */
  @Column({ ...TIME, nullable: true }) expiresAt!: Date | null;
}
