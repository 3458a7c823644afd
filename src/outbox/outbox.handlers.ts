import { Injectable } from '@nestjs/common';
import type { OutboxTask, OutboxTasks } from './outbox.tasks.js';

/** The job that a handler runs for. */
export interface OutboxJob {
  readonly id: string;
  /** 1 on the first try. */
  readonly attempt: number;
  /** Aborted when the process shuts down and does not wait any longer. */
  readonly signal: AbortSignal;
}

/** Does a job. It may be called again for the same one, also after it succeeded; what it throws means "try later". */
export type OutboxHandler<Task extends OutboxTask> = (payload: OutboxTasks[Task], job: OutboxJob) => Promise<void>;

/** A handler whose payload type is forgotten, since payloads come out of the database. */
export type ErasedHandler = (payload: unknown, job: OutboxJob) => Promise<void>;

/** Which code runs which task. Feature modules register theirs in `onModuleInit`, before the worker starts. */
@Injectable()
export class OutboxHandlers {
  private readonly handlers = new Map<OutboxTask, ErasedHandler>();

  /**
   * Makes a handler responsible for a task.
   * @throws Error when the task has a handler already.
   */
  register<Task extends OutboxTask>(task: Task, handler: OutboxHandler<Task>): void {
    if (this.handlers.has(task)) throw new Error(`Two handlers for the outbox task ${task}`);
    // The only writer of payloads is Outbox.enqueue, which checked this type.
    this.handlers.set(task, (payload, job) => handler(payload as OutboxTasks[Task], job));
  }

  /** Every task with its handler. */
  entries(): [OutboxTask, ErasedHandler][] {
    return [...this.handlers];
  }
}

/** How eagerly the outbox is worked on. Times in milliseconds. Tests provide shorter ones under this token. */
@Injectable()
export class OutboxSettings {
  /**
   * Jobs that run at the same time in this process: twice as many as there are connections to the relay, so that each of
   * these has a mail to send while others are taken, rendered and finished.
   */
  readonly concurrency: number = 8;
  /** Interval of polling for waiting jobs, for when a notification is lost. */
  readonly pollMs: number = 2_000;
  /** Time between two searches for jobs that no worker works on; they are released by the second one. */
  readonly orphansMs: number = 5_000;
  /** Pause before a broken worker starts again. */
  readonly restartMs: number = 1_000;
  /** How long a shutdown waits for running jobs. */
  readonly shutdownTimeoutMs: number = 5_000;
  /** How long a restart waits for broken workers to end, and again for their connections, before it leaves them behind. */
  readonly endTimeoutMs: number = 20_000;
}
