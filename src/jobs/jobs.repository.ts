import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../auth/authorization/actor.js';
import { ResourceRepository } from '../json-api/resource.repository.js';
import { raw, sql, type Transaction, TRUE } from '../json-api/sql/sql.js';
import type { Sweep } from '../sweeps/sweeps.js';
import type { Job, JobError, JobOrigin } from './job.entity.js';
import { JobResource, MAX_ERRORS } from './job.resource.js';
import type { JobStep } from './job-kind.js';
import type { PersonalTable } from '../personal-data/personal-data.js';

/** Jobs that an account started. */
export const PERSONAL_JOBS: PersonalTable = { table: 'jobs', key: 'id', accounts: { created_by: [] } };

/** A job to queue. */
export interface NewJob {
  readonly kind: string;
  readonly input: object;
  readonly origin: JobOrigin;
  readonly total: number | null;
  readonly createdBy: string;
}

/** A job that is locked for its next step. */
export type LockedJob = Pick<Job, 'id' | 'kind' | 'input' | 'origin' | 'createdBy'>;

const firstErrors = (errors: readonly JobError[]) => sql`(
  SELECT coalesce(jsonb_agg(error ORDER BY place), '[]')
  FROM jsonb_array_elements(errors || ${JSON.stringify(errors)}::jsonb) WITH ORDINALITY AS kept (error, place)
  WHERE place <= ${MAX_ERRORS})`;

/** How long a finished job is kept. */
const KEPT = raw(`interval '30 days'`);

/** Jobs that finished long ago. */
export const FINISHED_JOBS: Sweep = {
  table: 'jobs',
  key: 'id',
  expired: sql`finished_at < now() - ${KEPT}`,
  by: 'finished_at',
  everySeconds: 3_600,
};

/** The jobs in an actor's scope. */
@Injectable()
export class JobsRepository extends ResourceRepository<Job, Actor> {
  readonly resource = JobResource;

  protected readonly scopeConditions = {
    '*': () => TRUE,
    /** Jobs that the actor started. */
    own: (actor: Actor) => sql`row.created_by = ${actor.id}::uuid`,
  };

  /** Queues a job and returns its id. */
  async add({ kind, input, origin, total, createdBy }: NewJob, tx: Transaction): Promise<string> {
    const id = uuidv7();
    await tx.query(sql`
      INSERT INTO jobs (id, kind, input, origin, total, created_by)
      VALUES (${id}, ${kind}, ${JSON.stringify(input)}::jsonb, ${JSON.stringify(origin)}::jsonb, ${total}, ${createdBy})`);
    return id;
  }

  /** Forgets from where an account started its jobs, and of those that are over, that it did. */
  async erase(accountId: string, tx: Transaction): Promise<void> {
    await tx.query(sql`
      UPDATE jobs SET origin = '{}', created_by = CASE WHEN finished_at IS NULL THEN created_by END
      WHERE created_by = ${accountId}::uuid`);
  }

  /** Locks a job for a step; null when it has succeeded or does not exist. A failed job is resumed. */
  async findUnfinishedForUpdate(id: string, tx: Transaction): Promise<LockedJob | null> {
    const [job] = await tx.query<LockedJob>(sql`
      SELECT id, kind, input, origin, created_by AS "createdBy" FROM jobs
      WHERE id = ${id} AND status <> 'succeeded' FOR NO KEY UPDATE`);
    return job ?? null;
  }

  /** Stores the result of a step. The job must be locked. */
  async advance(id: string, { handled, isDone, errors = [] }: JobStep, tx: Transaction): Promise<void> {
    await tx.query(sql`
      UPDATE jobs SET
        status = CASE WHEN ${isDone}::boolean THEN 'succeeded' ELSE 'running' END,
        progress = progress + ${handled}::int,
        total = CASE WHEN total < progress + ${handled}::int THEN progress + ${handled}::int ELSE total END,
        errors = ${firstErrors(errors)},
        started_at = coalesce(started_at, now()),
        finished_at = CASE WHEN ${isDone}::boolean THEN now() END,
        updated_at = now(), version = version + 1
      WHERE id = ${id}`);
  }

  /** Stores that a step failed, and whether that was the last attempt. */
  async fail(id: string, error: JobError, isLast: boolean, tx: Transaction): Promise<void> {
    await tx.query(sql`
      UPDATE jobs SET
        status = CASE WHEN ${isLast}::boolean THEN 'failed' ELSE status END,
        finished_at = CASE WHEN ${isLast}::boolean THEN now() END,
        errors = ${firstErrors([error])}, updated_at = now(), version = version + 1
      WHERE id = ${id} AND status <> 'succeeded'`);
  }
}
