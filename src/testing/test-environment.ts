import { generateKeyPairSync } from 'node:crypto';

/*
 * Loaded before everything else of the kit. What follows gives admin tokens to anyone who asks, and deletes all rows of a
 * database.
 */
if (process.env['NODE_ENV'] === 'production') {
  throw new Error('iam/testing is for tests and does not load with NODE_ENV=production; import "iam" instead.');
}

/** What links in mails begin with; never the address that the service listens on. */
export const APP_URL = 'https://app.example.com';

/** The first admin of every app of the kit. */
export const ADMIN = { email: 'root@example.com', password: 'Correct-horse-7' } as const;

/** The password of every account that the kit creates. */
export const PASSWORD = 'Correct-horse-7';

/** One key for a process: instances on one database accept each other's tokens. */
const SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

/** Variables that keep an app of the kit apart from every other service; no option and no environment replaces them. */
export const ISOLATED = ['NODE_ENV', 'DATABASE_URL', 'DATABASE_DIRECT_URL', 'DATABASE_POOLER', 'DATA_DIR'] as const;

/** The environment of an app of the kit, before its own variables: hashes are cheap, and limits of attempts are off. */
export const TEST_ENVIRONMENT: Readonly<Record<string, string>> = {
  HOST: '127.0.0.1',
  PORT: '0',
  METRICS_PORT: '0',
  APP_URL,
  APP_SECRET: 'a secret that is only used by tests',
  JWT_PRIVATE_KEY: String(SIGNING_KEY),
  ADMIN_EMAIL: ADMIN.email,
  ADMIN_PASSWORD: ADMIN.password,
  BCRYPT_COST: '4',
  HASH_MAX_COST: '4',
  THROTTLE_DISABLED: 'true',
  LOG_LEVEL: 'silent',
};
