import { generateKeyPairSync } from 'node:crypto';

/** What links in mails start with in the tests; never the address that the service listens on. */
export const APP_URL = 'https://app.example.com';
export const ADMIN = { email: 'root@example.com', password: 'Correct-horse-7' } as const;

/** What instances share: without it they do not accept each other's tokens. */
const SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

/** The service's environment in the tests, but for where its data lies: throttling is off and hashes are cheap. */
export const TEST_ENVIRONMENT = {
  NODE_ENV: 'test',
  HOST: '127.0.0.1',
  PORT: '0',
  APP_URL,
  APP_SECRET: 'a secret that is only used by the tests',
  JWT_PRIVATE_KEY: String(SIGNING_KEY),
  ADMIN_EMAIL: ADMIN.email,
  ADMIN_PASSWORD: ADMIN.password,
  BCRYPT_COST: '4',
  // A failed sign-in takes as long as a hash of this cost.
  HASH_MAX_COST: '8',
  THROTTLE_DISABLED: 'true',
  // Tests wait until the outbox is empty; a reminder lies in it for two days.
  INVITATION_REMINDER_MAIL: 'false',
  METRICS_PORT: '0',
};
