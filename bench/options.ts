import { parseArgs } from 'node:util';
import { SETUP_NAMES, type SetupName } from './setups.js';

/**
 * Writes the tables of the latest results into docs/performance.md; measures how reads grow with the table; or compares
 * this checkout with others.
 */
export type Command = 'docs' | 'growth' | 'compare';

/** What one run of the benchmark does. */
export interface Options {
  /** Rows of the accounts table. */
  readonly accounts: number;
  /** How often service and floor take turns on each row; medians are reported. */
  readonly rounds: number;
  /** Length of one measurement, in seconds. */
  readonly seconds: number;
  /** Connections of the load generator, each with one request at a time; null for those of each set-up. */
  readonly connections: number | null;
  /** Set-ups that are measured. */
  readonly setups: readonly SetupName[];
  /** Only rows whose names match. */
  readonly rows: RegExp;
  /** Whether all rows of all set-ups are asked for. */
  readonly isComplete: boolean;
  /** Instead of measuring: profile the service under each row, into data/bench/. */
  readonly profile: boolean;
  /** What is done instead of measuring the rows, if anything. */
  readonly command: Command | null;
  /** Folders of the checkouts that `compare` compares this one with. */
  readonly others: readonly string[];
}

const USAGE = `npm run bench -- [docs | growth | compare FOLDER…] [options]

  --accounts N      rows of the accounts table (100000)
  --rounds N        turns of service and floor on each row (5)
  --seconds N       length of one measurement (2)
  --setup NAME      first: PostgreSQL on both cores; second: it shares a core with the load; or both (both)
  --connections N   connections of the load generator (10 in the first set-up, 32 in the second)
  --rows REGEX      only rows whose names match; the results are printed, and not kept for docs
  --profile         writes CPU profiles of the service under each row to data/bench/ instead of measuring
  docs              writes the tables of bench/results/ into docs/performance.md
  growth            compares a list, a search, a scroll and a counted page, and every documented filter and sort, at
                    10000 accounts and at --accounts
  compare FOLDER…   compares this service with those of other built checkouts, in interleaved rounds
`;

const isCommand = (word: string): word is Command => ['docs', 'growth', 'compare'].includes(word);

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number from 1`);
  return value;
}

function setupsOf(name: string): readonly SetupName[] {
  const setups = SETUP_NAMES.filter((one) => name === one || name === 'both');
  if (setups.length === 0) throw new Error(`--setup takes ${SETUP_NAMES.join(', ')} or both`);
  return setups;
}

/**
 * Reads the command line.
 * @throws Error with the usage, when it asks for something else
 */
export function readOptions(args: readonly string[]): Options {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        accounts: { type: 'string', default: '100000' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '2' },
        connections: { type: 'string' },
        setup: { type: 'string', default: 'both' },
        rows: { type: 'string', default: '' },
        profile: { type: 'boolean', default: false },
      },
    });
    const [command = null, ...others] = positionals;
    if (command !== null && !isCommand(command)) throw new Error(`There is no "${command}"`);
    if (command === 'compare' && others.length === 0) throw new Error('compare takes folders of other checkouts');
    if (command !== 'compare' && others.length > 0) throw new Error(`There is no "${positionals.join(' ')}"`);
    return {
      accounts: positive('accounts', values.accounts),
      rounds: positive('rounds', values.rounds),
      seconds: positive('seconds', values.seconds),
      connections: values.connections === undefined ? null : positive('connections', values.connections),
      setups: setupsOf(values.setup),
      rows: new RegExp(values.rows, 'i'),
      isComplete: values.rows === '' && values.setup === 'both',
      profile: values.profile,
      command,
      others,
    };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}
