import { oneLine } from '../../mail/mail.address.js';
import type { CommandContext } from '../command.js';
import { number, type Progress } from '../progress.js';
import type { AccountReader, LineReading } from './account-reader.js';
import type { BatchReport, Importer, ImportOptions } from './importer.js';
import type { InputLine } from './input-lines.js';

/** Lines per transaction: enough to make its overhead negligible, few enough to keep locks short. */
const BATCH = 2_000;

type Surroundings = Pick<CommandContext, 'out' | 'err' | 'signal'> & { readonly progress: Progress };

/** One import from the first line to the summary. */
export class ImportRun {
  /** Accounts added, or in a dry run to add. */
  added = 0;
  private memberships = 0;
  private organizations = 0;
  private existing = 0;
  private rejected = 0;
  private readonly startedAt = Date.now();

  constructor(
    private readonly reader: AccountReader,
    private readonly importer: Importer,
    private readonly options: ImportOptions,
    private readonly surroundings: Surroundings,
  ) {}

  /**
   * Imports the lines with one batch in memory at a time, and prints a summary.
   * @throws Error when a line was rejected, or after the signal; the batches before that are stored
   */
  async all(lines: AsyncIterable<InputLine>): Promise<void> {
    const { progress, signal, out } = this.surroundings;
    try {
      await this.importer.prepare();
      for await (const batch of batches(lines)) {
        signal.throwIfAborted();
        await this.add(batch.map((line) => this.reader.read(line)));
      }
    } finally {
      progress.end();
      out.write(this.summary());
    }
    if (this.rejected > 0) throw new Error(`${count(this.rejected, 'line was', 'lines were')} rejected.`);
  }

  private async add(batch: readonly LineReading[]): Promise<void> {
    const report = await this.importer.add(batch);
    this.report(report);
    this.added += report.accounts;
    this.memberships += report.memberships;
    this.organizations += report.organizations;
    this.existing += report.existing;
    this.rejected += report.rejected.length;
    this.surroundings.progress.advance(batch.length);
    if (report.stored) return;
    throw new Error(
      `Stopped: none of the lines ${batch[0]?.line} to ${batch.at(-1)?.line} was stored. Correct them, or leave ` +
        'them out with --skip-invalid; --skip-existing skips what is already stored.',
    );
  }

  private report({ rejected }: BatchReport): void {
    if (rejected.length === 0) return;
    this.surroundings.progress.end();
    // Input is printed to a terminal.
    for (const { line, errors } of rejected)
      this.surroundings.err.write(`Line ${line}: ${oneLine(errors.join('; '))}\n`);
  }

  private summary(): string {
    const { dryRun, createOrganizations } = this.options;
    const seconds = (Date.now() - this.startedAt) / 1000;
    const speed = `${seconds.toFixed(1)} s (${number(Math.round(this.added / Math.max(0.001, seconds)))} accounts/s)`;
    const organizations = createOrganizations && !dryRun ? `, ${count(this.organizations, 'organization')}` : '';
    const made = `${count(this.added, 'account')}, ${count(this.memberships, 'membership')}${organizations}`;
    const others = `${number(this.existing)} there already, ${number(this.rejected)} rejected`;
    return `${dryRun ? 'Would add' : 'Added'} ${made} in ${speed}; ${others}.\n`;
  }
}

const count = (value: number, one: string, many = `${one}s`): string => `${number(value)} ${value === 1 ? one : many}`;

async function* batches(lines: AsyncIterable<InputLine>): AsyncGenerator<InputLine[]> {
  let batch: InputLine[] = [];
  for await (const line of lines) {
    batch.push(line);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
