import { createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from '@commander-js/extra-typings';
import { transferResource } from '../../../accounts/account-transfer.resource.js';
import { isErrno } from '../../../config/errno.js';
import { exportAccounts, type ExportPiece } from '../../accounts/export-lines.js';
import type { CommandContext } from '../../command.js';
import { onDatabase } from '../../with-service.js';
import { number, Progress } from '../../progress.js';

/** Readable only by its owner, since it contains all e-mails. */
const MODE = 0o600;

/** Writes every account as a line of JSON, for `accounts import` and other programs. */
export const accountsExportCommand = (context: CommandContext) =>
  new Command('export')
    .summary('Write all accounts, one a line, as JSON (NDJSON)')
    .description(
      'Ordered by id, as one snapshot, with the organizations of each account. Password hashes are omitted ' +
        'unless requested; tokens and sessions always are. `accounts import` reads it. May run while the service ' +
        'runs.',
    )
    .option('--output <FILE>', 'Write to this new file instead of the standard output')
    .option('--with-password-hashes', 'Write the password hashes too: keep what is written like a secret')
    .action(async ({ output, withPasswordHashes = false }) => {
      const write = (source: Readable): Promise<void> =>
        output === undefined ? toOut(source, context) : toFile(source, output, context);
      await onDatabase(context, (dataSource) =>
        exportAccounts(
          dataSource,
          withPasswordHashes,
          async (total, pieces) => {
            const progress = new Progress(context.err, 'accounts', total);
            // At most one chunk is buffered: the others stay in the database until they are read.
            await write(Readable.from(textsOf(pieces, progress), { highWaterMark: 1 })).finally(() => progress.end());
            context.err.write(`Wrote ${number(total)} accounts.\n`);
          },
          transferResource(context.extension.attributes),
        ),
      );
    });

async function* textsOf(pieces: AsyncIterable<ExportPiece>, progress: Progress): AsyncGenerator<string> {
  for await (const { accounts, text } of pieces) {
    yield text;
    progress.advance(accounts);
  }
}

const toOut = (source: Readable, { out, signal }: CommandContext): Promise<void> =>
  pipeline(source, out, { end: false, signal });

/** Does not overwrite an existing file, and deletes an incomplete one. */
async function toFile(source: Readable, path: string, { signal }: CommandContext): Promise<void> {
  try {
    await pipeline(source, createWriteStream(path, { flags: 'wx', mode: MODE }), { signal });
  } catch (error) {
    if (isErrno(error, 'EEXIST')) throw new Error(`${path} already exists; name another file.`, { cause: error });
    if (isErrno(error, 'ENOENT')) throw new Error(`There is no folder ${dirname(path)}.`, { cause: error });
    await unlink(path).catch(() => undefined);
    throw error;
  }
}
