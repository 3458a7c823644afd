import 'reflect-metadata';
import { Session } from 'node:inspector/promises';
import { DataSource } from 'typeorm';
import { createApp } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/load-config.js';
import { poolOf } from '../../src/json-api/sql/sql.js';
import { ResilientClient } from '../../src/database/resilient-client.js';

/** Starts the service, sends it a request, and prints what V8 has loaded by then: every script, of whatever kind. */
const app = await createApp(loadConfig(process.env));
await app.listen({ host: '127.0.0.1', port: 0 });
await fetch(`${await app.getUrl()}/accounts`);

const loaded: string[] = [];
const session = new Session();
session.connect();
session.on('Debugger.scriptParsed', ({ params: { url } }) => loaded.push(url));
await session.post('Debugger.enable');
session.disconnect();

const pool = poolOf(app.get(DataSource)) as unknown as { options: { Client: unknown } };
const report = {
  loaded,
  decorated: app.getHttpAdapter().getInstance().hasRequestDecorator('span'),
  resilient: pool.options.Client === ResilientClient,
};
await app.close();
process.stdout.write(`${JSON.stringify(report)}\n`);
