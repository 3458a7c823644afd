import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';
import { ApiError, apiError } from '../document/errors.js';
import { brokenRule } from '../document/rules.js';
import { LOCK_NOT_AVAILABLE, raw, sql, type Transaction } from '../sql/sql.js';
import type { WriteDocument } from './write-document.js';
import { TIME } from '../resource/field-types.js';

/** A key that a client sent with a create, and what came of it. Rows older than a day count for nothing, and are swept. */
@Entity('idempotency_keys')
export class IdempotencyKey {
  /** Hex SHA-256 of actor, operation and key. */
  @PrimaryColumn('varchar', { length: 64 }) key!: string;
  /** Hex SHA-256 of the document: another document under the same key is a mistake. */
  @Column('varchar', { length: 64 }) digest!: string;
  @Column('uuid', { nullable: true }) resourceId!: string | null;
  @CreateDateColumn({ ...TIME })
  @Index()
  createdAt!: Date;
}

/** How long a key is kept. */
const IDEMPOTENCY_LIFE = raw(`interval '24 hours'`);

/** Keys that count for nothing any more, as a sweep of `src/sweeps` takes them. */
export const EXPIRED_KEYS = {
  table: 'idempotency_keys',
  key: 'key',
  expired: sql`created_at < now() - ${IDEMPOTENCY_LIFE}`,
  by: 'created_at',
};

const HEADER = { header: 'Idempotency-Key' };
/** How long a second request waits for the first one's row before it gets 409. */
const TIMEOUT = raw(`'100ms'`);

/** TypeORM gives its error the driver's code. */
const isStillRunning = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE;

/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the key's row is written in the transaction of the
 * create that it belongs to, so that both are there or neither is.
 */
@Injectable()
export class IdempotencyKeys {
  /**
   * Claims the document's key, if it has one.
   * @returns the id that an earlier create under the same key made, or null when this one is the first
   * @throws ApiError 409 while the first one runs, 422 when the key was used with another document
   */
  async claim(actorId: string, document: WriteDocument<object>, tx: Transaction): Promise<string | null> {
    const key = this.keyOf(actorId, document);
    if (key === null) return null;
    try {
      tx.send(sql`SET LOCAL lock_timeout = ${TIMEOUT}`);
      // An expired row is taken over; a living one is left as it is and read below.
      const claimed = await tx.query(sql`
        INSERT INTO idempotency_keys AS held (key, digest) VALUES (${key}, ${document.digest})
        ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, resource_id = NULL, created_at = now()
        WHERE held.created_at < now() - ${IDEMPOTENCY_LIFE} RETURNING 1`);
      tx.send(sql`SET LOCAL lock_timeout = DEFAULT`);
      if (claimed.length > 0) return null;
    } catch (error) {
      if (isStillRunning(error)) throw apiError('conflict', 'The first request with this key still runs', HEADER);
      throw error;
    }
    const [row] = await tx.query<{ digest: string; resource_id: string | null }>(
      sql`SELECT digest, resource_id FROM idempotency_keys WHERE key = ${key}`,
    );
    if (row?.digest !== document.digest) {
      throw new ApiError([brokenRule('idempotency_key_reused', { name: 'Idempotency-Key', source: HEADER })]);
    }
    return row.resource_id;
  }

  /** Stores what the create under the document's key made. */
  complete(actorId: string, document: WriteDocument<object>, id: string, tx: Transaction): void {
    const key = this.keyOf(actorId, document);
    if (key !== null) tx.send(sql`UPDATE idempotency_keys SET resource_id = ${id} WHERE key = ${key}`);
  }

  private keyOf(actorId: string, { context }: WriteDocument<object>): string | null {
    const { operation, idempotencyKey } = context;
    if (idempotencyKey === undefined) return null;
    return createHash('sha256')
      .update(JSON.stringify([actorId, operation, idempotencyKey]))
      .digest('hex');
  }
}
