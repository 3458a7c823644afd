import { Injectable } from '@nestjs/common';

/** Work that is done at an interval by one instance at a time, whichever is first. */
export interface PeriodicJob {
  /** At most 63 characters; unique among periodic jobs and swept tables. */
  readonly name: string;
  /** Pause after each run, in seconds; a look every 15 seconds finds what is due. */
  readonly everySeconds: number;
  /**
   * Called again after a minute when it throws, and when the process ended meanwhile, so it may find what is done
   * already. It must end when `signal` is aborted: after 45 seconds, or with the process. What takes longer queues jobs
   * in the outbox.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** The registered periodic jobs. A module registers its own in `onModuleInit`. */
@Injectable()
export class PeriodicJobs {
  private readonly jobs = new Map<string, PeriodicJob>();

  /** @throws Error when there is a periodic job of this name already, or the name is too long */
  register(job: PeriodicJob): void {
    if (this.jobs.has(job.name)) throw new Error(`There are two periodic jobs "${job.name}"; call yours otherwise`);
    if (job.name.length > 63)
      throw new Error(`The name of the periodic job "${job.name}" is longer than 63 characters`);
    this.jobs.set(job.name, job);
  }

  /** All of them, in the order in which they were registered. */
  list(): readonly PeriodicJob[] {
    return [...this.jobs.values()];
  }
}
