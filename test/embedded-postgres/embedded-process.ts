import { EmbeddedServer } from '../../src/embedded-postgres/embedded-server.js';

/** A process that uses the embedded server of the folder in its argument, until it is stopped or killed. */
const server = await EmbeddedServer.start(process.argv[2] ?? '', { durable: true });
const { url, owned, firstStart } = server;
process.once('message', () => void server.stop().then(() => process.disconnect()));
process.send?.({ url, owned, firstStart });
