import fastify from 'fastify';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { readAccounts } from './accounts.js';
import { authenticate, refreshSessions } from './sessions.js';
import { writeAccounts } from './writes.js';

/**
 * The floor: Fastify and pg with hand-written SQL and `JSON.stringify`, nothing else. It serves the requests of the
 * benchmark with the same data, but authenticates no one, checks nothing, and writes plain JSON. Below `/with_session` it
 * reads as an ordinary server with sessions does.
 */
const { PORT, MAIL_URL } = process.env;
/** As many connections to the relay as the service has. */
const MAIL_CONNECTIONS = 4;

const app = fastify();

await app.register(readAccounts);
await app.register(writeAccounts);
await app.register(refreshSessions);
await app.register(
  async (signedIn) => {
    signedIn.addHook('onRequest', authenticate);
    await signedIn.register(readAccounts);
  },
  { prefix: '/with_session' },
);

app.get('/audit_events', async (_request, reply) => reply.code(403).send({ error: 'forbidden' }));

/** Sends one mail so many times: nodemailer with its pool. */
const transport = createTransport({ url: MAIL_URL, pool: true, maxConnections: MAIL_CONNECTIONS });
app.post<{ Body: { count: number; mail: SendMailOptions } }>('/mails', async ({ body: { count, mail } }) => {
  await Promise.all(Array.from({ length: count }, () => transport.sendMail({ ...mail })));
  return { sent: count };
});

app.get('/health/ready', async () => ({ status: 'ok' }));

await app.listen({ host: '127.0.0.1', port: Number(PORT) });
process.on('SIGTERM', () => process.exit(0));
