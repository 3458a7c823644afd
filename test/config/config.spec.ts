import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Config } from '../../src/config/config.js';
import { loadEnvFile, parseEnvFile } from '../../src/config/env-file.js';
import { ConfigError, loadConfig } from '../../src/config/load-config.js';
import { generateSigningKey } from '../../src/config/signing-keys.js';
import { VARIABLES } from '../../src/config/variables.js';
import { THROTTLE_DEFAULTS } from './throttle-defaults.js';

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'iam-config-'));
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const load = (env: NodeJS.ProcessEnv = {}): Config => loadConfig({ DATA_DIR: dataDir, ...env });

/** The errors that loading reports. */
function errorsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.errors;
    throw error;
  }
  return [];
}

const production = (env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://iam:secret@db:5432/iam',
  APP_URL: 'https://iam.example.com/',
  APP_SECRET: 'kR8pQ2vX7mZ4tB9wL3nJ6cH1dF5gS0aY',
  MAIL_URL: 'smtp://mail:587',
  JWT_PRIVATE_KEY: generateSigningKey(),
  ...env,
});

describe('the configuration', () => {
  it('has a default for everything outside production', () => {
    const config = load();
    expect(config).toMatchObject({
      environment: 'development',
      production: false,
      host: '127.0.0.1',
      port: 3000,
      databaseUrl: null,
      databaseDirectUrl: null,
      databasePooler: 'session',
      databasePoolSize: 10,
      dataDir,
      apiPrefix: '',
      publicPath: '',
      appUrl: null,
      mailUrl: null,
      adminEmail: 'admin@example.com',
      adminPassword: null,
      jwtIssuer: null,
      jwtAudience: 'iam',
      corsOrigins: [],
      trustedProxies: [],
      bcryptCost: 12,
      accessTokenSeconds: 900,
      sessionIdleSeconds: 14 * 24 * 3600,
      sessionMaxSeconds: 90 * 24 * 3600,
      throttle: THROTTLE_DEFAULTS,
      metricsPort: 9464,
      tracing: null,
      logLevel: 'info',
      migrateOnStart: true,
    });
    expect(config.rolesFile).toBe(join(process.cwd(), 'roles.yml'));
  });

  it('cannot be changed, not even deep inside', () => {
    const config = load({ CORS_ORIGINS: 'https://app.example.com' });
    for (const value of [config, config.throttle, config.corsOrigins, config.appSecrets, config.trustedProxies]) {
      expect(Object.isFrozen(value)).toBe(true);
    }
    expect(new Config({ ...config, port: 0 })).toMatchObject({ port: 0, host: config.host, production: false });
  });

  it('reads what is set', () => {
    expect(
      load({
        PORT: '8080',
        API_PREFIX: 'api/v1/iam/',
        APP_URL: 'https://app.example.com/start/',
        CORS_ORIGINS: 'https://app.example.com, http://localhost:5173',
        TRUSTED_PROXIES: '10.0.0.0/8,::1',
        APP_SECRET: 'newest,older',
        THROTTLE_DISABLED: 'true',
        ROLES_FILE: 'package.json',
        ACCESS_TOKEN_CLAIMS: 'rights, email',
      }),
    ).toMatchObject({
      port: 8080,
      apiPrefix: '/api/v1/iam',
      appUrl: 'https://app.example.com/start',
      corsOrigins: ['https://app.example.com', 'http://localhost:5173'],
      trustedProxies: ['10.0.0.0/8', '::1'],
      appSecrets: ['newest', 'older'],
      throttle: { disabled: true },
      rolesFile: join(process.cwd(), 'package.json'),
      accessTokenClaims: ['rights', 'email'],
    });
  });

  it('sends traces to the configured endpoint, with the configured headers', () => {
    const OTEL_EXPORTER_OTLP_ENDPOINT = 'https://collector.example.com:4318/otlp/';
    const OTEL_EXPORTER_OTLP_HEADERS = 'API-Key=a%20secret%3D%2C , authorization=Basic dTpw==,x-empty=';
    const headers = { 'api-key': 'a secret=,', authorization: 'Basic dTpw==', 'x-empty': '' };
    const endpoint = 'https://collector.example.com:4318/otlp';
    const { tracing } = load({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS });
    expect(tracing).toEqual({ endpoint, headers, serviceName: 'iam' });
    expect([tracing, tracing?.headers].every((value) => Object.isFrozen(value))).toBe(true);
    expect(load({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME: 'people' }).tracing).toEqual({
      endpoint,
      headers: {},
      serviceName: 'people',
    });
    expect(load({ OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME: 'people' }).tracing).toBeNull();
  });

  it('takes an empty variable for an absent one', () => {
    expect(load({ DATABASE_URL: '', PORT: ' ', APP_URL: '' })).toMatchObject({ port: 3000, appUrl: null });
  });

  it('needs sessions beside a pooler that gives transactions', () => {
    const DATABASE_URL = 'postgres://iam@pooler:6432/iam';
    const DATABASE_DIRECT_URL = 'postgres://iam@db/iam';
    expect(errorsOf({ DATABASE_URL, DATABASE_POOLER: 'transaction' })).toEqual([
      expect.stringMatching(
        /^DATABASE_POOLER=transaction needs DATABASE_DIRECT_URL: migrations, outbox and change feed/,
      ),
    ]);
    expect(errorsOf({ DATABASE_DIRECT_URL })).toEqual([
      'DATABASE_DIRECT_URL is set, and DATABASE_URL is not; set both.',
    ]);
    expect(load({ DATABASE_URL, DATABASE_DIRECT_URL, DATABASE_POOLER: 'transaction' })).toMatchObject({
      databaseUrl: DATABASE_URL,
      databaseDirectUrl: DATABASE_DIRECT_URL,
      databasePooler: 'transaction',
    });
  });

  it('names every problem at once', () => {
    const errors = errorsOf({ PORT: 'many', DATABASE_URL: 'mysql://db', LOG_LEVEL: 'loud', BCRYPT_COST: '3' });
    expect(errors).toEqual([
      'PORT must be a whole number from 0 to 65535, not "many".',
      'DATABASE_URL must be a URL that starts with postgres:// or postgresql://.',
      'BCRYPT_COST must be a whole number from 4 to 16, not "3".',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, not "loud".',
    ]);
    expect(() => load({ PORT: 'many', LOG_LEVEL: 'loud' })).toThrow(/PORT must.*\n.*LOG_LEVEL must/);
  });

  it.each([
    ['NODE_ENV', 'prod'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['DATABASE_POOL_SIZE', '0'],
    ['API_PREFIX', 'api/../admin'],
    ['API_PREFIX', 'api v1'],
    ['APP_URL', 'app.example.com'],
    ['APP_URL', 'https://app.example.com/?next=1'],
    ['APP_URL', 'https://user:pass@app.example.com'],
    ['APP_URL', 'javascript:alert(1)'],
    ['MAIL_URL', 'http://mail'],
    ['MAIL_FROM', 'nobody'],
    ['INVITATION_LINK', 'https://app.example.com/join'],
    ['INVITATION_LINK', 'https://{token}.example.com/join'],
    ['INVITATION_LINK', 'javascript:alert("{token}")'],
    ['RESET_LINK', '/reset?token={token}'],
    ['MAIL_FROM', 'Iam <a@b.c>\r\nBcc: x@y.z'],
    ['ADMIN_EMAIL', 'admin'],
    ['JWT_PRIVATE_KEY', 'not a key'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://*.example.com'],
    ['CORS_ORIGINS', 'https://app.example.com:*'],
    ['CORS_ORIGINS', 'https://app.example.com/path'],
    ['CORS_ORIGINS', 'https://a.example.com,'],
    ['TRUSTED_PROXIES', 'proxy.local'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['ROLES_FILE', '/nowhere/roles.yml'],
    ['BCRYPT_COST', '31'],
    ['ACCESS_TOKEN_SECONDS', '15m'],
    ['ACCESS_TOKEN_CLAIMS', 'rights,scope'],
    ['ACCESS_TOKEN_CLAIMS', 'rights,'],
    ['THROTTLE_PER_EMAIL', '0'],
    ['THROTTLE_DISABLED', 'yes'],
    ['METRICS_PORT', '3000'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://user:pass@collector:4318'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'api-key'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'api key=secret'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'api-key=%0d%0ax-other: 1'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'api-key=%zz'],
    ['SESSION_IDLE_SECONDS', '7776001'],
    ['ACCESS_TOKEN_SECONDS', '1209601'],
  ])('rejects %s=%s', (name, value) => {
    expect(errorsOf({ [name]: value })).toEqual([expect.stringContaining(name)]);
  });
});

describe('secrets', () => {
  it('come from a file too', () => {
    const file = join(dataDir, 'secret');
    writeFileSync(file, 'from-a-file\n');
    expect(load({ APP_SECRET_FILE: file }).appSecrets).toEqual(['from-a-file']);
  });

  it('are not read from a file that is missing, empty, or in conflict with the variable', () => {
    const file = join(dataDir, 'empty');
    writeFileSync(file, '\n');
    expect(errorsOf({ APP_SECRET_FILE: '/nowhere' })).toEqual([expect.stringMatching(/^APP_SECRET_FILE .*ENOENT/)]);
    expect(errorsOf({ APP_SECRET_FILE: file })).toEqual([`APP_SECRET_FILE names an empty file: ${file}.`]);
    expect(errorsOf({ APP_SECRET_FILE: file, APP_SECRET: 'x' })).toEqual([
      'APP_SECRET and APP_SECRET_FILE are both set; set one of them.',
    ]);
  });

  it('are never quoted', () => {
    const canary = 'canary-secret';
    const names = Object.entries(VARIABLES).filter(([, variable]) => 'secret' in variable);
    for (const [name] of names) {
      expect(errorsOf({ [name]: `${canary}\u0001`, PORT: 'x' }).join()).not.toContain(canary);
    }
  });

  it('are made on the first start outside production, for the owner alone, and kept', () => {
    const nested = join(dataDir, 'new', 'data');
    const first = load({ DATA_DIR: nested });
    const second = load({ DATA_DIR: nested });
    expect(second.jwtPrivateKey).toBe(first.jwtPrivateKey);
    expect(second.appSecrets).toEqual(first.appSecrets);
    expect(first.jwtPrivateKey).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(Buffer.from(first.appSecrets[0] ?? '', 'base64url')).toHaveLength(32);
    for (const file of ['jwt-private-key.pem', 'app-secret']) {
      expect(statSync(join(nested, file)).mode & 0o777).toBe(0o600);
    }
  });

  it('are not made when something is wrong', () => {
    expect(errorsOf({ PORT: 'x' })).toHaveLength(1);
    expect(existsSync(join(dataDir, 'app-secret'))).toBe(false);
  });

  it('sign with EC P-256 or Ed25519, as PEM, as PEM on one line, or as JWKS', () => {
    const ed25519 = generateKeyPairSync('ed25519').privateKey;
    const pem = ed25519.export({ type: 'pkcs8', format: 'pem' }).toString();
    const jwks = JSON.stringify({ keys: [ed25519.export({ format: 'jwk' })] });
    expect(load({ JWT_PRIVATE_KEY: pem }).jwtPrivateKey).toBe(pem);
    expect(load({ JWT_PRIVATE_KEY: pem.trim().replaceAll('\n', '\\n') }).jwtPrivateKey).toBe(pem);
    expect(load({ JWT_PRIVATE_KEY: generateSigningKey() + pem }).jwtPrivateKey).toContain(pem);
    expect(load({ JWT_PRIVATE_KEY: jwks }).jwtPrivateKey).toBe(jwks);
  });

  it('do not sign with other keys', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    const { publicKey } = generateKeyPairSync('ed25519');
    for (const text of [
      rsa.export({ type: 'pkcs8', format: 'pem' }).toString(),
      p384.export({ type: 'pkcs8', format: 'pem' }).toString(),
      publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }),
      JSON.stringify({ keys: [] }),
      '{}',
      '{',
    ]) {
      expect(errorsOf({ JWT_PRIVATE_KEY: text })).toEqual([expect.stringMatching(/^JWT_PRIVATE_KEY must be/)]);
    }
  });
});

describe('production', () => {
  it('starts with the required variables, and listens on all addresses', () => {
    expect(load(production())).toMatchObject({
      production: true,
      host: '0.0.0.0',
      migrateOnStart: false,
      appUrl: 'https://iam.example.com',
      adminPassword: null,
    });
  });

  it('names all that is missing', () => {
    expect(errorsOf({ NODE_ENV: 'production' })).toEqual([
      'Production does not start without APP_URL, DATABASE_URL, MAIL_URL, JWT_PRIVATE_KEY, APP_SECRET.',
    ]);
  });

  it('names what is missing beside what is wrong', () => {
    const errors = errorsOf(production({ APP_URL: '', PORT: 'x', BCRYPT_COST: '9' }));
    expect(errors).toEqual([
      expect.stringMatching(/^PORT/),
      'Production does not start without APP_URL.',
      'BCRYPT_COST must be at least 10 in production.',
    ]);
  });

  it.each([
    ['short', /32 characters/],
    ['x'.repeat(40), /random/],
    ['abcdefgh'.repeat(4), /random/],
    ['abcdefghijklmnopqrstuvwxyz0123456789', /random/],
    ['correct horse battery staple correct horse', /random/],
    ['your-key-goes-here-please-put-it-here-1', /random/],
    ['MySuperSecretKeyMySuperSecretKey', /random/],
    ['12345678901234567890123456789012', /random/],
    [`${'kR8pQ2vX7mZ4tB9wL3nJ6cH1dF5gS0aY'},short`, /32 characters/],
  ])('rejects the weak secret %s', (secret, problem) => {
    expect(errorsOf(production({ APP_SECRET: secret }))).toEqual([expect.stringMatching(problem)]);
  });

  it.each(['hex', 'base64', 'base64url'] as const)('takes what a random generator makes, written as %s', (encoding) => {
    for (let n = 0; n < 200; n++) {
      const secret = randomBytes(32).toString(encoding);
      expect([secret, errorsOf(production({ APP_SECRET: secret }))]).toEqual([secret, []]);
    }
  });

  it('rejects the secrets that were made for development', () => {
    const { jwtPrivateKey, appSecrets } = load();
    const secrets = { JWT_PRIVATE_KEY: jwtPrivateKey, APP_SECRET: appSecrets.join() };
    expect(errorsOf(production(secrets))).toEqual([
      'JWT_PRIVATE_KEY is the development secret of jwt-private-key.pem; make another one.',
      'APP_SECRET is the development secret of app-secret; make another one.',
    ]);
  });

  it('makes a first admin only with both an e-mail and a password', () => {
    expect(load(production({ ADMIN_PASSWORD: 'Secret-1' })).adminPassword).toBeNull();
    expect(load(production({ ADMIN_EMAIL: 'a@b.c' })).adminPassword).toBeNull();
    expect(load(production({ ADMIN_EMAIL: 'a@b.c', ADMIN_PASSWORD: 'Secret-1' }))).toMatchObject({
      adminEmail: 'a@b.c',
      adminPassword: 'Secret-1',
    });
  });
});

describe('A URL with credentials', () => {
  it.each(['p#w', '12#w', 'p/w', '1/2', 'p?w', '1?w', 'p%w', '%zz'])(
    'says how to write the password %s',
    (password) => {
      const DATABASE_URL = `postgres://iam:${password}@db:5432/iam`;
      expect(errorsOf({ DATABASE_URL, MAIL_URL: `smtp://iam:${password}@mail:587` })).toEqual([
        expect.stringMatching(/^DATABASE_URL must have user and password percent-encoded: # as %23, \/ as %2F/),
        expect.stringMatching(/^MAIL_URL must have user and password percent-encoded/),
      ]);
      const encoded = `postgres://iam:${encodeURIComponent(password)}@db:5432/iam`;
      expect(load({ DATABASE_URL: encoded }).databaseUrl).toBe(encoded);
    },
  );

  it.each(['postgres://db/iam', 'postgres:///iam?host=/run/postgresql', 'postgres://iam:a@b@db/iam'])(
    'may be %s',
    (url) => {
      expect(load({ DATABASE_URL: url }).databaseUrl).toBe(url);
    },
  );
});

describe('.env', () => {
  it('adds what the environment does not say', () => {
    const file = join(dataDir, '.env');
    writeFileSync(file, 'PORT=8080\nHOST=from-file\n# LOG_LEVEL=debug\nMAIL_FROM="Iam <a@b.c>"\n');
    const env: NodeJS.ProcessEnv = { HOST: 'from-environment' };
    loadEnvFile(file, env);
    expect(env).toEqual({ PORT: '8080', HOST: 'from-environment', MAIL_FROM: 'Iam <a@b.c>' });
  });

  const read = (text: string): Record<string, string> => parseEnvFile(text, '.env');

  it.each([
    ['a # within a value', 'A=pa#ss', 'pa#ss'],
    ['a # within a URL', 'A=postgres://u:p%23w@h/d#x', 'postgres://u:p%23w@h/d#x'],
    ['a comment behind a blank', 'A=b # c', 'b'],
    ['a comment in place of a value', 'A= # c', ''],
    ['a byte order mark', '\uFEFFA=b', 'b'],
    ['export', 'export A=b', 'b'],
    ['blanks around', '  A = b  ', 'b'],
    ['double quotes', 'A="b # c" # d', 'b # c'],
    ['single quotes', "A='b\\nc'", 'b\\nc'],
    ['a new line in double quotes', 'A="b\\nc"', 'b\nc'],
    ['several lines in quotes', 'A="b\nc"\nB=1', 'b\nc'],
    ['quotes within a value', 'A=b"c"', 'b"c"'],
    ['lines of Windows', 'A=b\r\nB=1\r\n', 'b'],
    ['nothing', 'A=', ''],
  ])('reads %s', (_, text, value) => {
    expect(read(text)['A']).toBe(value);
  });

  it.each([
    ['A: secret', 'Line 1 of .env is not NAME=value; start a comment with #.'],
    ['B=1\n\nsecret', 'Line 3 of .env is not NAME=value; start a comment with #.'],
    ['B=1\nA="secret', 'Line 2 of .env has a quote that is not closed, or text behind the closing one.'],
    ['A="secret"x', 'Line 1 of .env has a quote that is not closed, or text behind the closing one.'],
  ])('says which line cannot be read, and not what stands there: %j', (text, message) => {
    expect(() => read(text)).toThrow(new Error(message));
  });

  it('may be missing', () => {
    expect(() => loadEnvFile(join(dataDir, 'no-such-file'))).not.toThrow();
  });
});
