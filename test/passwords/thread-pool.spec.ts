import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

/** Four long jobs of the pool, which has four threads by default, and then a file. An ES module, as the service is. */
const PROGRAM = `
  import { pbkdf2 } from 'node:crypto';
  import { stat } from 'node:fs/promises';
  let done = 0;
  for (let n = 0; n < 4; n++) pbkdf2('p', 'salt', 300_000, 32, 'sha512', () => done++);
  await stat('/');
  console.log(done === 0 ? 'at once' : 'late');
  process.exit(0);
`;

describe('The thread pool', () => {
  it('has a thread for files beside one for each hash, when it is set before anything uses it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'iam-threads-'));
    const source = await readFile('src/thread-pool.cts', 'utf8');
    const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
    await writeFile(
      join(folder, 'thread-pool.cjs'),
      ts.transpileModule(source, { compilerOptions: options }).outputText,
    );
    await writeFile(join(folder, 'main.mjs'), PROGRAM);
    const env = { ...process.env };
    for (const name of ['UV_THREADPOOL_SIZE', 'NODE_OPTIONS']) delete env[name];
    const run = async (...args: string[]) =>
      (await promisify(execFile)(process.execPath, [...args, 'main.mjs'], { cwd: folder, env })).stdout.trim();
    expect(await run()).toBe('late');
    expect(await run('--require', './thread-pool.cjs')).toBe('at once');
    await rm(folder, { recursive: true });
  });

  it('is set by the program before all else', async () => {
    const [, first] = (await readFile('src/iam.cts', 'utf8')).split('\n');
    expect(first).toBe("import './thread-pool.cjs';");
  });
});
