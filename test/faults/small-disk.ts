import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdtemp, open, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isErrno } from '../../src/config/errno.js';

const run = promisify(execFile);
/** Time between two looks at whether there is room again, in ms. */
const FILL_MS = 20;
const PREFIX = join(tmpdir(), 'iam-disk-');
/** What is written at a time, from much to little, so that in the end not one block is free. */
const PIECES = [1 << 20, 4 << 10].map((bytes) => Buffer.alloc(bytes));

/** A disk that can be full without harm to anything else: a small file system in memory. Only root can mount one. */
export class SmallDisk {
  private constructor(
    /** Where it is mounted; others than its owner may pass through. */
    readonly folder: string,
  ) {}

  /** Whether one can be mounted here. In CI it has to be, where the tests run as root. */
  static isPossible(): boolean {
    if (process.getuid?.() !== 0) return false;
    if (process.env['CI']) return true;
    const folder = mkdtempSync(PREFIX);
    const isMounted = spawnSync('mount', mountArgs(folder, 1)).status === 0;
    if (isMounted) spawnSync('umount', [folder]);
    rmdirSync(folder);
    return isMounted;
  }

  static async mount(megabytes: number): Promise<SmallDisk> {
    const folder = await mkdtemp(PREFIX);
    await run('mount', mountArgs(folder, megabytes));
    return new SmallDisk(folder);
  }

  /** Fills all space that is freed, for so long, in ms. */
  async keepFull(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    while (performance.now() < end) {
      await this.fill();
      await sleep(FILL_MS);
    }
  }

  /** Writes until there is no room left. */
  async fill(): Promise<void> {
    const file = await open(this.filler, 'a', 0o600);
    try {
      for (const piece of PIECES) await writeAll(() => file.write(piece));
    } finally {
      await file.close();
    }
  }

  /** There is room again. */
  async free(): Promise<void> {
    await rm(this.filler, { force: true });
  }

  /** Takes it away with all that is on it, at the latest when the last process that works on it has ended. */
  async unmount(): Promise<void> {
    await run('umount', ['--lazy', this.folder]);
    await rmdir(this.folder);
  }

  private get filler(): string {
    return join(this.folder, 'filler');
  }
}

function mountArgs(folder: string, megabytes: number): string[] {
  return ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=711`, 'iam-test', folder];
}

async function writeAll(write: () => Promise<unknown>): Promise<void> {
  try {
    for (;;) await write();
  } catch (error) {
    if (!isErrno(error, 'ENOSPC')) throw error;
  }
}
