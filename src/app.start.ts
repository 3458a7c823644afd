import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Extension } from './app.extension.js';
import { beforeEnd, isEnding } from './app.process.js';
import { createApp } from './app.setup.js';
import { loadEnvFile } from './config/env-file.js';
import { baseUrl, crossSiteWarnings, ownUrl } from './config/own-url.js';
import { loadConfig } from './config/load-config.js';
import { relyingParty } from './config/relying-party.js';
import { DatabaseServer } from './database/database-server.js';
import { hasMailbox } from './mailbox/mailbox.module.js';
import { MailboxToken } from './mailbox/mailbox.guard.js';
import { listen } from './transport/listen.js';

/**
 * By itself V8 lets the heap double while there is memory, and the service needs 280 MB and more where it serves as much
 * with 180. During the start this would only add collections, which take a tenth of a second.
 */
const HEAP_GROWTH = '--heap-growing-percent=10';
/** When what the start has left is collected, in ms after it: the first requests do not wait for that. */
const COLLECTED_AFTER_MS = 1_000;

/**
 * Starts the service. A start that fails says why and ends the process. Call `endOnSignals` before it, and before
 * anything that takes time.
 */
export async function start(extension: Extension): Promise<void> {
  // An interrupted start ends immediately; no request was accepted yet.
  beforeEnd(() => DatabaseServer.stopEmbedded());
  try {
    loadEnvFile();
    const config = loadConfig(process.env, extension.variables);
    const app = await createApp(config, extension);
    if (isEnding()) return;
    beforeEnd(() => app.close());
    await listen(app, config.host, config.port);
    limitHeap();
    const seconds = process.uptime().toFixed(2);
    const { port } = app.getHttpServer().address() as AddressInfo;
    const url = ownUrl(config.host, port);
    new Logger('Iam').log(`Serving on ${url} after ${seconds} s; documentation at ${url}/docs`);
    for (const warning of crossSiteWarnings(config)) new Logger('Iam').warn(warning);
    const party = relyingParty(config, baseUrl(config, app.get(HttpAdapterHost)));
    if ('off' in party) new Logger('Iam').warn(party.off);
    if (hasMailbox(config)) {
      const { path } = app.get(MailboxToken, { strict: false });
      new Logger('Iam').log(`Mails are not sent without MAIL_URL; read them at ${url}${path}`);
    }
  } catch (error) {
    // Errors caused by the shutdown are not reported.
    if (isEnding()) return;
    // The logger may not exist yet, and the reason must be reported in any case. Stops an embedded server that this
    // start has used.
    await DatabaseServer.stopEmbedded();
    process.stderr.write(`\nThe service cannot start.\n${reasonOf(error)}\n`);
    process.exit(1);
  }
}

/**
 * V8 takes the limit of the heap from what a full collection has left. Without this one the next would come only at twice
 * what the service needs: the limit is that of the start.
 */
function limitHeap(): void {
  setFlagsFromString(HEAP_GROWTH);
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  setTimeout(collect, COLLECTED_AFTER_MS).unref();
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message } = error;
  const inUse = 'code' in error && error.code === 'EADDRINUSE';
  return inUse ? `${message}\nAnother process uses the port: stop it, or set PORT.` : message;
}
