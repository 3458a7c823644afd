import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compiledPath } from '../runner/compiled.js';

const ROOT = join(import.meta.dirname, '../..');
const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
/** What `npm run start:prod` passes to Node. */
const PRODUCTION: string[] = PACKAGE.scripts['start:prod'].split(' ').slice(2);

interface ServiceProcessOptions {
  readonly built?: boolean;
  readonly node?: readonly string[];
  readonly runtime?: string;
}

/** The service as a process of its own, and everything that it writes. */
export class ServiceProcess {
  private written = '';

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.written += chunk.toString()));
    }
  }

  /**
   * Starts the service, compiled, with nothing in its environment but this.
   * @param built start what `npm run build` has made of it, as in production
   * @param node more arguments for Node itself
   * @param runtime the Node to start it with, by default that of the tests
   */
  static start(
    env: Record<string, string>,
    { built = false, node = [], runtime = process.execPath }: ServiceProcessOptions = {},
  ): ServiceProcess {
    const program = built ? PRODUCTION : [compiledPath('src/cli.ts'), 'start'];
    const child = spawn(runtime, [...node, ...program], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ServiceProcess(child);
  }

  /** Resident memory, in MB. */
  async memory(): Promise<number> {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(this.child.pid)]);
    return Number(stdout) / 1024;
  }

  /** The most resident memory that it ever had, in MiB (Linux). */
  async peakMemory(): Promise<number> {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
  }

  /** What it has written so far, on both streams. */
  get output(): string {
    return this.written;
  }

  /** Waits until it says where it serves. */
  async url(): Promise<string> {
    const exit = this.exitCode();
    for (;;) {
      const [, url] = /Serving on (http:\/\/[^\s"]+)/.exec(this.written) ?? [];
      if (url !== undefined) return url.replace('[::1]', '127.0.0.1');
      const next = Promise.race([once(this.child.stdout ?? this.child, 'data'), exit.then(() => 'exit')]);
      if ((await next) === 'exit') throw new Error(`The service ended:\n${this.written}`);
    }
  }

  /** Waits for its end. */
  async exitCode(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return this.child.exitCode;
  }

  /** Ends it as a crash would, and waits until it has. */
  async kill(): Promise<void> {
    const exit = this.exitCode();
    this.child.kill('SIGKILL');
    await exit;
  }

  /** Asks it to end, and waits until it has and everything that it wrote is here. */
  async stop(): Promise<void> {
    const exit = this.exitCode();
    this.child.kill('SIGTERM');
    await exit;
  }
}
