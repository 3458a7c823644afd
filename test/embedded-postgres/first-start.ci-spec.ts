import { chmod, cp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { findBinaryPackage, prepareBinaries } from '../../src/embedded-postgres/binaries.js';
import { EmbeddedServer } from '../../src/embedded-postgres/embedded-server.js';
import { asRoot, makeFolder, pidOf, query, removeFolder, startElsewhere, stopElsewhere } from './embedded-support.js';

describe('the embedded server on a new folder', () => {
  let folder: string;

  beforeEach(async () => {
    Logger.overrideLogger(false);
    folder = await makeFolder();
  });

  afterEach(() => removeFolder(folder));

  it('makes a database, and finds it again at the same address', async () => {
    const first = await EmbeddedServer.start(folder);
    expect(first).toMatchObject({ firstStart: true, owned: true });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();

    const second = await EmbeddedServer.start(folder);
    expect(second).toMatchObject({ firstStart: false, owned: true, url: first.url });
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('is made once and started once by processes that start at the same moment', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => startElsewhere(folder)));
    const started = all.map((each) => each.started);
    expect(started.filter((each) => each.firstStart)).toHaveLength(1);
    expect(started.filter((each) => each.owned)).toHaveLength(1);
    expect(new Set(started.map((each) => each.url)).size).toBe(1);
    await Promise.all(all.map((each) => stopElsewhere(each.process)));
    expect(await pidOf(folder)).toBeNull();
    expect((await readdir(join(folder, 'postgres'))).filter((name) => name.startsWith('.new-'))).toEqual([]);
  });

  it('does not keep the half-made files of a first start that was cut off', async () => {
    await mkdir(join(folder, 'postgres', '.new-cut-off', 'data'), { recursive: true });
    await (await EmbeddedServer.start(folder)).stop();
    await (await EmbeddedServer.start(folder)).stop();
    expect(await readdir(join(folder, 'postgres'))).not.toContain('.new-cut-off');
  });

  asRoot('lies elsewhere when the user it runs as has no access to the folder, and is found there again', async () => {
    await chmod(folder, 0o700);
    const first = await EmbeddedServer.start(folder);
    try {
      expect(first.folder.startsWith(folder)).toBe(false);
      expect((await readFile(join(folder, 'postgres-location'), 'utf8')).trim()).toBe(first.folder);
      await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      await first.stop();
      const second = await EmbeddedServer.start(folder);
      expect(second).toMatchObject({ firstStart: false, folder: first.folder });
      expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
      await second.stop();
    } finally {
      await rm(first.folder, { recursive: true, force: true });
    }
    await expect(EmbeddedServer.start(folder)).rejects.toThrow(/which is gone.*DATABASE_URL/s);
  });

  asRoot('runs as the owner of its files, never as root', async () => {
    const server = await EmbeddedServer.start(folder);
    expect((await stat(`/proc/${await pidOf(folder)}`)).uid).toBe(65_534);
    expect((await stat(join(server.folder, 'cluster', 'data'))).uid).toBe(65_534);
  });
});

describe('the programs of the embedded server', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await makeFolder();
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('run where npm put them', async () => {
    const installed = await findBinaryPackage();
    const { postgres } = await prepareBinaries(folder, null, installed);
    expect(postgres.startsWith(installed.root)).toBe(true);
  });

  it('run without the postinstall that makes the links between libraries', async () => {
    const installed = await packageCopy(join(folder, 'installed'));
    const { source, target } = await firstLink(installed.root);
    await rm(join(installed.root, target));
    await prepareBinaries(folder, null, installed);
    expect(await readFile(join(installed.root, target))).toEqual(await readFile(join(installed.root, source)));
  });

  asRoot('are copied, once, when the user they run as has no access to them', async () => {
    const hidden = join(folder, 'hidden');
    const installed = await packageCopy(join(hidden, 'installed'));
    await chmod(hidden, 0o700);
    const unprivileged = { uid: 65_534, gid: 65_534 };
    const first = await prepareBinaries(folder, unprivileged, installed);
    expect(first.postgres.startsWith(join(folder, `binaries-${installed.version}`))).toBe(true);
    const { mtimeMs } = await stat(first.postgres);
    const second = await prepareBinaries(folder, unprivileged, installed);
    expect(second).toEqual(first);
    expect((await stat(second.postgres)).mtimeMs).toBe(mtimeMs);
  });

  it('do not exist for every machine, and the error says what to do', async () => {
    await expect(findBinaryPackage('sunos-sparc')).rejects.toThrow(
      /no embedded PostgreSQL for sunos-sparc.*DATABASE_URL/s,
    );
  });

  async function packageCopy(root: string): Promise<{ root: string; version: string }> {
    const installed = await findBinaryPackage();
    await cp(installed.root, root, { recursive: true, verbatimSymlinks: true });
    return { root, version: installed.version };
  }

  async function firstLink(root: string): Promise<{ source: string; target: string }> {
    const [link] = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8'));
    return link;
  }
});
