import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { INestApplicationContext } from '@nestjs/common';
import type { Config } from '../config/config.js';
import type { ProgressStream } from './progress.js';

/** The standard input; only a terminal can prompt. */
export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/** The standard output; only a terminal shows colors. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** The context of a command that an extension adds. */
export interface OwnCommandContext {
  /** The configuration that the environment and `.env` describe. @throws ConfigError */
  readonly config: () => Config;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** The standard input. */
  readonly in: InputStream;
  /** For results. */
  readonly out: OutputStream;
  /** For progress and errors. */
  readonly err: ProgressStream;
  /**
   * Runs work with the providers of the service and of the extension, on a migrated database: they are made and not
   * started, so no port is opened and no mail is sent. `service.get(Provider, { strict: false })` finds one.
   */
  readonly withService: <Result>(work: (service: INestApplicationContext) => Promise<Result>) => Promise<Result>;
}

/**
 * Makes a command for one run of the program. The summary is shown in the list of commands, the description in its help.
 * An error of the action is printed, with exit code 1.
 */
export type OwnCommandFactory = (context: OwnCommandContext) => CommandUnknownOpts;
