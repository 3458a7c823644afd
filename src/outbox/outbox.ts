import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { SecretBox } from '../auth/tokens/secrets.js';
import { requestContext } from '../context/request-context.js';
import type { Transaction } from '../json-api/sql/sql.js';
import { currentLanguages } from '../language/accept-language.js';
import { traceparentOf } from '../tracing/tracing.js';
import { addJobs, type NewJob } from './outbox.repository.js';
import type { OutboxTask, OutboxTasks } from './outbox.tasks.js';

/**
 * Tries before a job counts as dead. After try n the next waits e^n seconds, at most e^10 (6 h): the last of 14
 * comes 28 hours after the first. Dead jobs stay in `graphile_worker.jobs` until an operator sends them again, with the
 * command `mail retry`.
 */
export const MAX_ATTEMPTS = 14;

/** A job that is taken between two statements is rare; the second try finds it taken. */
const MAX_TRIES = 10;

/** Tasks whose jobs carry a sealed token. */
export type SealedTask = {
  [Task in keyof OutboxTasks]: OutboxTasks[Task] extends { sealedToken: string } ? Task : never;
}[keyof OutboxTasks];

/** What each seals its token for. */
export const SEAL_PURPOSES = {
  'mail.invitation': 'outbox.invitation',
  'mail.invitation_reminder': 'outbox.invitation',
  'mail.password_reset': 'outbox.password_reset',
  'mail.email_confirm': 'outbox.email_confirm',
  'mail.identity_confirm': 'outbox.identity_confirm',
  'mail.email_changed': 'outbox.email_changed',
} as const satisfies Record<SealedTask, string>;

/** Seals a token for the job of a task. */
export const sealToken = (secrets: SecretBox, task: SealedTask, token: string): string =>
  secrets.seal(SEAL_PURPOSES[task], token);

/**
 * The token that a job carries.
 * @throws Error when it was sealed with a secret that is gone
 */
export function openToken(secrets: SecretBox, task: SealedTask, sealed: string): string {
  const token = secrets.open(SEAL_PURPOSES[task], sealed);
  if (token === null) throw new Error('The token was sealed with a secret that APP_SECRET no longer lists');
  return token;
}

export interface EnqueueOptions {
  /**
   * At most one job of this task and key waits: a later one takes the place of an earlier one that was not started,
   * and a started one is not tried again. Without a key every job is its own.
   */
  readonly key?: string;
  /** Not run before this time has passed, in seconds; at once by default. */
  readonly delaySeconds?: number;
}

/**
 * The transactional outbox: a job is a row that commits or rolls back with the change that it belongs to, and is run
 * after the commit, at least once, by whatever instance is free.
 */
@Injectable()
export class Outbox {
  /** Queues a job in this transaction. */
  enqueue<Task extends OutboxTask>(
    tx: Pick<Transaction, 'query'>,
    task: Task,
    payload: OutboxTasks[Task],
    options: EnqueueOptions = {},
  ): Promise<void> {
    return this.enqueueAll(tx, [jobOf(task, payload, options)]);
  }

  /** Queues jobs in this transaction, by one statement. */
  async enqueueAll(tx: Pick<Transaction, 'query'>, jobs: readonly NewJob[]): Promise<void> {
    let missing = jobs;
    // One is not added when a waiting job of its key is taken by a worker meanwhile. The next try sees that it runs.
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      missing = await addJobs(tx, missing);
      if (missing.length === 0) return;
    }
    const tasks = missing.map(({ task }) => task).join(', ');
    throw new Error(`A job of ${tasks} was taken ${MAX_TRIES} times at the moment when another was to replace it`);
  }
}

/** A job for {@link Outbox.enqueueAll}, with what the request has: its languages and its trace. */
export function jobOf<Task extends OutboxTask>(
  task: Task,
  payload: OutboxTasks[Task],
  { key, delaySeconds = 0 }: EnqueueOptions = {},
): NewJob {
  const span = requestContext()?.span;
  const own = { acceptLanguage: currentLanguages(), traceparent: span && traceparentOf(span) };
  return {
    task,
    payload: { ...payload, ...own },
    delaySeconds,
    maxAttempts: MAX_ATTEMPTS,
    key: key === undefined ? null : jobKey(task, key),
  };
}

/** A digest, because the key of a job is limited in length and must not reveal whom the job is for. */
function jobKey(task: OutboxTask, key: string): string {
  return `${task}:${createHash('sha256').update(key).digest('hex')}`;
}
