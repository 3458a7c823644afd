import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { z } from 'zod';
import { defineCommand, UsageError, type CommandContext } from '../../src/cli/command.js';
import { commandHelp, programHelp } from '../../src/cli/help.js';
import { integer } from '../../src/config/variables/schemas.js';

const seen: unknown[] = [];
const command = defineCommand({
  summary: 'Plant trees',
  details: 'In rows.',
  options: {
    count: { schema: integer(1, 9), default: 3, placeholder: 'N', description: 'How many' },
    kind: { schema: z.string(), default: null, placeholder: 'NAME', description: 'Which' },
    water: { description: 'Water them too' },
  },
  run: async (values) => void seen.push(values),
});

const context: CommandContext = {
  config: () => {
    throw new Error('Not needed');
  },
  examine: () => ({ values: {}, errors: [], missing: [] }),
  env: {},
  extension: {},
  signal: new AbortController().signal,
  in: new PassThrough(),
  out: new PassThrough(),
  err: new PassThrough(),
};

const run = async (...args: string[]): Promise<unknown> => {
  await command.execute(args, context);
  return seen.pop();
};

describe('the options of a command', () => {
  it('are parsed, and have defaults', async () => {
    expect(await run()).toEqual({ count: 3, kind: null, water: false });
    expect(await run('--count', '5', '--kind=oak', '--water')).toEqual({ count: 5, kind: 'oak', water: true });
  });

  it.each([
    [['--cuont', '5'], /--cuont/],
    [['--count'], /--count/],
    [['--count', '12'], /^--count must be a whole number from 1 to 9, not "12"\.$/],
    [['--water=yes'], /--water/],
    [['oak'], /oak/],
  ])('refuse %j', async (args, message) => {
    await expect(run(...args)).rejects.toThrow(message);
    await expect(run(...args)).rejects.toThrow(UsageError);
  });
});

describe('the operands of a command', () => {
  const rows: (readonly number[])[] = [];
  const dig = defineCommand({
    summary: 'Dig holes',
    details: 'Where the numbers say.',
    options: { deep: { description: 'Dig deep' } },
    operands: { schema: integer(1, 9), placeholder: 'ROW', description: 'Where' },
    run: async (_values, _context, operands) => void rows.push(operands),
  });

  it('are parsed, in their order and between options', async () => {
    await dig.execute(['3', '--deep', '1'], context);
    await dig.execute([], context);
    expect(rows).toEqual([[3, 1], []]);
  });

  it('are refused, all faults at once', async () => {
    const refused = dig.execute(['3', 'x', '12'], context);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(
      'ROW must be a whole number from 1 to 9, not "x".\nROW must be a whole number from 1 to 9, not "12".',
    );
  });

  it('stand in the help', () => {
    expect(commandHelp('dig', dig)).toBe(`Usage: npx iam dig [ROW…] [options]

Dig holes.
Where the numbers say.

  ROW     Where
  --deep  Dig deep
  --help  Show this text
`);
  });
});

describe('the help', () => {
  it('lists the commands', () => {
    expect(programHelp(new Map([['plant', command]]))).toContain('  plant  Plant trees\n');
  });

  it('explains a command with its options and their defaults', () => {
    expect(commandHelp('plant', command)).toBe(`Usage: npx iam plant [options]

Plant trees.
In rows.

  --count N    How many (default 3)
  --kind NAME  Which
  --water      Water them too
  --help       Show this text
`);
  });
});
