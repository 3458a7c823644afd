import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { SmtpSink } from '../support/smtp-sink.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { Postgres } from './postgres.js';
import { Service } from './service.js';
import { BROKEN_MS, Trial } from './trial.js';

describe('Under load, when the primary dies for good', () => {
  const servers: Postgres[] = [];
  let primary: Postgres;
  let proxy: TcpProxy;
  let mails: SmtpSink;
  let service: Service;
  let trial: Trial;

  beforeAll(async () => {
    servers.push((primary = await Postgres.primary()));
    proxy = await TcpProxy.open(primary.url);
    mails = await SmtpSink.start();
    service = await Service.on(proxy.url, { MAIL_URL: mails.url });
    trial = await Trial.of(await service.start().url(), () => primary.url);
  });
  afterAll(async () => {
    await service.stop();
    await proxy.close();
    await mails.stop();
    // The primary last: where its binaries had to be copied, the standbys use them too.
    for (const server of servers.toReversed()) await server.remove();
  });

  const newStandby = async (): Promise<Postgres> => {
    const standby = await primary.standby();
    servers.push(standby);
    return standby;
  };

  it('and its standby is promoted before the address moves there: served again, and nothing acknowledged is lost', async () => {
    const standby = await newStandby();
    const happen = async (): Promise<void> => {
      await primary.kill();
      await sleep(BROKEN_MS);
      await standby.promote();
      proxy.leadTo(standby.url);
      primary = standby;
    };
    await trial.survive('the primary fails over', { happen });
  });

  it('and the address moves to a standby that is not promoted yet: rejected there, and soon served', async () => {
    const standby = await newStandby();
    const happen = async (): Promise<void> => {
      await primary.kill();
      proxy.leadTo(standby.url);
      await sleep(BROKEN_MS);
      await standby.promote();
      primary = standby;
    };
    await trial.survive('the address leads to a standby', { happen });
  });

  it('only the address moves: a standby behind it by mistake is left, with all connections to it', async () => {
    const standby = await newStandby();
    const happen = async (): Promise<void> => {
      proxy.leadTo(standby.url);
      proxy.cut();
      proxy.mend();
      await sleep(BROKEN_MS);
      // Connections that were made meanwhile still lead to the standby, and would for ever.
      proxy.leadTo(primary.url);
    };
    await trial.survive('the address led to a standby', { happen });
  });
});
