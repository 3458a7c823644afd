import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';

/** The error is on line 7 here, and on line 5 in JavaScript, which has no interface. */
const SOURCE = `interface Nothing {
  readonly first: true;
  readonly second: true;
  readonly third: true;
}
export function fail(_none?: Nothing): never {
  throw new TypeError('here');
}
`;

describe('The stack of an error', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-stacks-'));
    await mkdir(join(folder, 'node_modules'));
    const own = await readFile('src/source-maps.cts', 'utf8');
    await write('source-maps.cjs', own, {});
    await write('beside.cjs', SOURCE, { sourceMap: true });
    await write('inline.cjs', SOURCE, { inlineSourceMap: true });
    await write('node_modules/library.cjs', SOURCE, { sourceMap: true });
    await write('kept.cjs', SOURCE, { sourceMap: true });
    await write('without.cjs', SOURCE, {});
    await write('broken.cjs', SOURCE, { sourceMap: true });
    await writeFile(join(folder, 'broken.cjs.map'), '{');
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function write(file: string, source: string, options: ts.CompilerOptions): Promise<void> {
    const compilerOptions = { ...options, module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
    const fileName = join(folder, file.replace('.cjs', '.cts'));
    const { outputText, sourceMapText } = ts.transpileModule(source, { compilerOptions, fileName });
    await writeFile(join(folder, file), outputText);
    if (sourceMapText !== undefined) await writeFile(join(folder, `${file}.map`), sourceMapText);
  }

  /** The first two lines of the stack. */
  async function stackOf(file: string): Promise<string> {
    const stdout = await run(
      `try { require('./${file}').fail(); } catch (error) { process.stdout.write(error.stack); }`,
    );
    return stdout.split('\n').slice(0, 2).join('\n').replaceAll(folder, '.');
  }

  /** What a program prints that loads `source-maps.cjs` first. */
  async function run(program: string): Promise<string> {
    const args = ['--require', './source-maps.cjs', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    return stdout;
  }

  it.each(['beside', 'inline'])('has the lines of the source, from a map that is %s', async (file) => {
    expect(await stackOf(`${file}.cjs`)).toBe(`TypeError: here\n    at Object.fail (./${file}.cts:7:9)`);
  });

  it.each(['node_modules/library', 'without', 'broken'])('has those of the file for %s', async (file) => {
    expect(await stackOf(`${file}.cjs`)).toMatch(/^TypeError: here\n {4}at Object\.fail \(\.\/[\w/]+\.cjs:5:\d+\)$/);
  });

  it('has those of a map that is kept for a minute, and not for longer', async () => {
    const lines = await run(`
      require('node:test').mock.timers.enable({ apis: ['setTimeout'] });
      const line = () => {
        try { require('./kept.cjs').fail(); } catch (error) { return /kept.c.s:\\d+/.exec(error.stack)[0]; }
      };
      const lines = [line()];
      require('node:fs').rmSync('kept.cjs.map');
      lines.push(line());
      require('node:test').mock.timers.tick(60_000);
      console.log([...lines, line()].join(' '));`);
    expect(lines).toBe('kept.cts:7 kept.cts:7 kept.cjs:5\n');
  });
});
