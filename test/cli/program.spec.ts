import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Command } from '@commander-js/extra-typings';
import { eachParsedBy, parsedBy, type CommandContext, type CommandFactory } from '../../src/cli/command.js';
import { createProgram } from '../../src/cli/program.js';
import { integer } from '../../src/config/variables/schemas.js';

const seen: unknown[] = [];

const plant: CommandFactory = () =>
  new Command('plant')
    .summary('Plant trees')
    .description('In rows.')
    .option('--count <N>', 'How many', parsedBy(integer(1, 9)), 3)
    .option('--kind <NAME>', 'Which')
    .option('--water', 'Water them too')
    .action((options) => void seen.push(options));

const dig: CommandFactory = () =>
  new Command('dig')
    .summary('Dig holes')
    .description('Where the numbers say.')
    .argument('[ROW...]', 'Where', eachParsedBy(integer(1, 9)))
    .option('--deep <N>', 'How deep', parsedBy(integer(1, 3)))
    .option('--fill', 'Fill them again')
    .action((rows = [], { deep, fill }, command) => {
      if (deep !== undefined && fill) command.error('error: Give either --deep or --fill.');
      seen.push(rows);
    });

/** Runs the program of a team with these two commands: the exit code, what was seen by the actions, and the output. */
async function run(...args: string[]) {
  seen.length = 0;
  const [out, err] = [new PassThrough(), new PassThrough()];
  const context: CommandContext = {
    config: () => {
      throw new Error('Not needed');
    },
    examine: () => ({ values: {}, own: {}, errors: [], missing: [] }),
    env: {},
    extension: {},
    withService: () => {
      throw new Error('Not needed');
    },
    signal: new AbortController().signal,
    in: new PassThrough(),
    out,
    err,
  };
  const failure: unknown = await createProgram(context, [plant, dig])
    .parseAsync(args, { from: 'user' })
    .then(
      () => null,
      (error: unknown) => error,
    );
  out.end();
  err.end();
  return { failure, seen: [...seen], out: await text(out), err: await text(err) };
}

describe('The options of a command', () => {
  it('are parsed, and have defaults', async () => {
    expect((await run('plant')).seen).toEqual([{ count: 3 }]);
    const { seen: given } = await run('plant', '--count', '5', '--kind=oak', '--water');
    expect(given).toEqual([{ count: 5, kind: 'oak', water: true }]);
  });

  it.each([
    [['--cuont', '5'], "error: unknown option '--cuont'\n(Did you mean --count?)"],
    [['--count'], "error: option '--count <N>' argument missing"],
    [['--count', '12'], 'error: --count must be a whole number from 1 to 9, not "12".'],
    [['--water=yes'], "error: unknown option '--water=yes'"],
    [['oak'], "error: too many arguments for 'plant'. Expected 0 arguments but got 1."],
  ])('are rejected as %j, with a hint', async (args, message) => {
    const { failure, seen: given, err } = await run('plant', ...args);
    expect([given, err]).toEqual([[], `${message}\nTry \`npx iam plant --help\`.\n`]);
    expect(failure).toMatchObject({ exitCode: 1 });
  });
});

describe('The arguments of a command', () => {
  it('are parsed, in their order and between options', async () => {
    expect((await run('dig', '3', '--fill', '1')).seen).toEqual([[3, 1]]);
    expect((await run('dig')).seen).toEqual([[]]);
  });

  it('are rejected together with the options, all errors at once', async () => {
    expect(await run('dig', '3', 'x', '12', '--deep', '4')).toMatchObject({
      seen: [],
      err: `error: --deep must be a whole number from 1 to 3, not "4".
error: ROW must be a whole number from 1 to 9, not "x".
error: ROW must be a whole number from 1 to 9, not "12".
Try \`npx iam dig --help\`.
`,
    });
  });

  it('are rejected by the command where they do not fit together', async () => {
    const { failure, err } = await run('dig', '--deep', '1', '--fill');
    expect(err).toBe('error: Give either --deep or --fill.\nTry `npx iam dig --help`.\n');
    expect(failure).toMatchObject({ exitCode: 1 });
  });
});

describe('The help', () => {
  it('lists the commands', async () => {
    expect((await run('--help')).out).toBe(`Usage: npx iam <command> [options]

Options:
  -V, --version  Print the version
  -h, --help     Print this text

Commands:
  plant          Plant trees
  dig            Dig holes

\`npx iam <command> --help\` explains a command.
Settings come from the environment and .env, as the service's do.
`);
  });

  it('explains a command with its arguments, its options and their defaults', async () => {
    expect((await run('plant', '--help')).out).toBe(`Usage: npx iam plant [options]

Plant trees.

In rows.

Options:
  --count <N>    How many (default: 3)
  --kind <NAME>  Which
  --water        Water them too
  -h, --help     Print this text
`);
    expect((await run('dig', '-h')).out).toContain(`Usage: npx iam dig [options] [ROW...]

Dig holes.

Where the numbers say.

Arguments:
  ROW         Where

Options:
`);
  });
});
