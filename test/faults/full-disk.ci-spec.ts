import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { SUPERUSER } from '../../src/embedded-postgres/cluster.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { Service } from './service.js';
import { SmallDisk } from './small-disk.js';
import { BROKEN_MS, Trial } from './trial.js';

/** Enough for a new cluster, and for the write-ahead log of what is asked of it here. */
const DISK_MB = 256;
/** Pages that are not full yet still take rows: a full disk is felt after this time, in ms. */
const FELT_MS = 2_500;

(SmallDisk.isPossible() ? describe : describe.skip)(
  'Under load, when the disk of the embedded database is full',
  () => {
    let disk: SmallDisk;
    let mails: SmtpSink;
    let service: Service;
    let trial: Trial;

    beforeAll(async () => {
      disk = await SmallDisk.mount(DISK_MB);
      mails = await SmtpSink.start();
      service = await Service.on('', { DATA_DIR: disk.folder, MAIL_URL: mails.url });
      const url = await service.start().url();
      const [password, port] = await Promise.all(
        ['cluster/password', 'port'].map((file) => readFile(join(disk.folder, 'postgres', file), 'utf8')),
      );
      const databaseUrl = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/iam`;
      trial = await Trial.of(url, () => databaseUrl);
    });
    afterAll(async () => {
      await service.stop();
      await mails.stop();
      await disk.unmount();
    });

    it('writes are 503, and succeed as soon as there is space', async () => {
      const happen = async (): Promise<void> => {
        await disk.fill();
        await disk.keepFull(FELT_MS);
        await disk.free();
      };
      const outcomes = await trial.survive('the disk is full', { happen });
      const results = (name: string) => outcomes.filter((outcome) => outcome.name === name).map(({ result }) => result);
      expect(results('write')).toContain('rejected');
      expect(new Set(results('me'))).toEqual(new Set(['served']));
    });

    it('and PostgreSQL stops, because its log needs room: it is back as soon as there is some', async () => {
      const happen = async (): Promise<void> => {
        await disk.fill();
        try {
          // The process that needs space first reports the panic, perhaps a request; the others only lose their connections.
          await expect(trial.directly(exhaustLog)).rejects.toThrow();
          await expect(trial.directly((client) => client.query('SELECT 1'))).rejects.toThrow();
          await disk.keepFull(BROKEN_MS);
        } finally {
          await disk.free();
        }
      };
      await trial.survive('the disk is full, and the log needs room', { happen });
    });
  },
);

/** Begins files of the write-ahead log until there is no room for the next, upon which PostgreSQL gives up. */
async function exhaustLog(client: Client): Promise<void> {
  for (;;) await client.query(`SELECT pg_logical_emit_message(false, 'test', 'more'), pg_switch_wal()`);
}
