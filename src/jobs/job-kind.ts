import type { Transaction } from '../json-api/sql/sql.js';
import type { JobError } from './job.entity.js';

/**
 * The kinds of jobs and their inputs, as plain JSON without secrets. Both outlive a deployment, since jobs of the
 * previous release may still run: add fields, never change one. A team adds its own by declaration merging:
 * `declare module '…/jobs/job-kind.js' { interface JobInputs { 'iam:teams.merge': { from: string; into: string } } }`.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- what is merged into it fills it
export interface JobInputs {}

/** The name of a kind of jobs. */
export type JobKindName = keyof JobInputs;

/** What a step of a job did. */
export interface JobStep {
  /** Number of items that the step handled. */
  readonly handled: number;
  /** Whether the job is complete. */
  readonly isDone: boolean;
  readonly errors?: readonly JobError[];
}

/** Who started a job. */
export interface JobActor {
  readonly createdBy: string | null;
}

/** Handler for the jobs of one kind. */
export interface JobKind<Name extends JobKindName = JobKindName> {
  readonly name: Name;
  /**
   * Does some of the work in this transaction: some hundred rows, so that each statement stays far below the limit.
   * It is called until it says that it is done, by any instance, also after a crash; what a step did and how far the job
   * is are committed together. What it throws rolls the step back, which is tried again later.
   */
  step(input: JobInputs[Name], tx: Transaction, actor: JobActor): Promise<JobStep>;
}
