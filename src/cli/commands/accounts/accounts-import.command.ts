import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { Command } from '@commander-js/extra-typings';
import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AccountRules } from '../../../accounts/account.rules.js';
import { transferResource } from '../../../accounts/account-transfer.resource.js';
import { Roles } from '../../../auth/authorization/roles.js';
import { Config } from '../../../config/config.js';
import { oneOf } from '../../../config/variables/schemas.js';
import { withConnections } from '../../../database/connections.js';
import { dataSourceOptions } from '../../../database/data-source.js';
import { PostgresTransactions } from '../../../database/transactions.js';
import { Audit } from '../../../events/audit.js';
import { JSON_API_OPTIONS, type JsonApiOptions } from '../../../json-api/http/options.js';
import { ResourceRegistry } from '../../../json-api/resource/registry.js';
import { readFirebaseHashConfig } from '../../../passwords/import/firebase.js';
import { PasswordHasher } from '../../../passwords/hashing/password.hasher.js';
import { AccountReader } from '../../accounts/account-reader.js';
import { columnMap } from '../../accounts/csv-columns.js';
import { csvLines } from '../../accounts/csv-lines.js';
import { analyzeImported, Importer } from '../../accounts/importer.js';
import { ImportRun } from '../../accounts/import-run.js';
import { inputLines } from '../../accounts/input-lines.js';
import { parsedBy, type CommandContext } from '../../command.js';
import { Progress } from '../../progress.js';
import { withService } from '../../with-service.js';

const STDIN = '-';
const delimiterName = oneOf(',', ';', 'tab');
const CSV_FILE = /\.csv$/i;

/** Imports the output of `accounts export`, and accounts of other systems with their password hashes. */
export const accountsImportCommand = (context: CommandContext) => {
  const resource = transferResource(context.extension.attributes);
  return new Command('import')
    .summary('Add accounts from lines of JSON (NDJSON) or CSV, also with the password hashes of other systems')
    .description(
      'Each line is an account, under the rules of the API: name and email are required, and hashed_password ' +
        'may be what Keycloak, Kratos, Auth0, Django or Firebase export. A file that ends in .csv, and any with ' +
        '--columns, is CSV with a header. Lines are stored in batches of thousands; at the first error nothing of ' +
        'the batch is stored, and it stops. No mail is sent. May run while the service runs.',
    )
    .argument('<FILE>', 'The file to read; - is the standard input')
    .option('--dry-run', 'Report every error, and store nothing')
    .option('--skip-invalid', 'Report lines with errors, and skip them')
    .option('--skip-existing', 'Skip accounts whose e-mail already exists')
    .option(
      '--columns <MEMBER=HEADER,…>',
      'Read CSV with these columns: email=E-mail,name=Full name',
      parsedBy(columnMap(resource)),
    )
    .option('--delimiter <CHARACTER>', 'Delimiter of CSV: , ; or tab', parsedBy(delimiterName), ',' as const)
    .option(
      '--firebase-hash-config <FILE>',
      "The hash_config of a Firebase project, as its console shows it, for Firebase's hashes",
    )
    .option('--create-organizations', 'Create missing organizations')
    .action(async (file, { columns = null, delimiter, firebaseHashConfig, ...flags }) => {
      const options = { dryRun: false, skipInvalid: false, skipExisting: false, createOrganizations: false, ...flags };
      const firebase =
        firebaseHashConfig === undefined ? null : readFirebaseHashConfig(await readFile(firebaseHashConfig, 'utf8'));
      const { source, progress } = await open(file, context);
      const lines =
        columns !== null || CSV_FILE.test(file) ? csvLines(source, columns, delimiter, resource) : inputLines(source);
      await withService(context, (service) =>
        onConnection(service, context, async (dataSource) => {
          const importer = new Importer(new PostgresTransactions(dataSource), get(service, Audit), options, resource);
          const reader = new AccountReader(
            get(service, Roles),
            get(service, AccountRules),
            get(service, PasswordHasher),
            firebase,
            resource,
          );
          const run = new ImportRun(reader, importer, options, { progress, ...context });
          await run.all(lines);
          if (run.added > 0 && !options.dryRun) await analyzeImported(dataSource);
        }),
      );
    });
};

const get = <Type>(service: INestApplicationContext, token: abstract new (...args: never[]) => Type): Type =>
  service.get(token, { strict: false });

/** The bytes to read, and the progress: the share of a file, or else only the count. */
async function open(file: string, { in: input, err, signal }: CommandContext) {
  if (file === STDIN) {
    const source = addAbortSignal(signal, input as Readable);
    return { source, progress: new Progress(err, 'lines', null) };
  }
  const { size } = await stat(file);
  let done = 0;
  // Opened by the first read, so that nothing is left open without one.
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const piece of createReadStream(file, { signal })) {
      done += piece.length;
      yield piece;
    }
  }
  return { source: bytes(), progress: new Progress(err, 'lines', null, () => done / Math.max(1, size)) };
}

/** One separate connection with a session: a dry run has a temporary table in it. Statements may take long. */
async function onConnection(
  service: INestApplicationContext,
  { extension }: CommandContext,
  work: (dataSource: DataSource) => Promise<void>,
): Promise<void> {
  const config = get(service, Config);
  const options = withConnections(dataSourceOptions(config.databaseUrl ?? '', config, extension), 'maintenance', {
    size: 1,
    name: 'iam import',
  });
  const dataSource = new DataSource({ ...options, extra: { ...options.extra, idleTimeoutMillis: 0 } });
  await dataSource.initialize();
  try {
    await work(dataSource);
  } catch (error) {
    const { translate } = service.get<JsonApiOptions>(JSON_API_OPTIONS, { strict: false });
    throw translate(error, get(service, ResourceRegistry).attributeName) ?? error;
  } finally {
    await dataSource.destroy();
  }
}
