import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { OutboxHandlers, OutboxSettings } from '../../src/outbox/outbox.handlers.js';
import { OutboxWorker } from '../../src/outbox/outbox.worker.js';

/** An instance to be killed: says which job it has begun, and never ends one. */
const [, , url = ''] = process.argv;
const handlers = new OutboxHandlers();
handlers.register('password.request_reset', async ({ email }) => {
  process.send?.(email);
  await sleep(3_600_000);
});
const dataSource = new DataSource(dataSourceOptions(url, { databasePoolSize: 1 }));
new OutboxWorker(dataSource, handlers, new OutboxSettings()).onApplicationBootstrap();
