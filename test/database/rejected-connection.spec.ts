import { describe, expect, it } from '@jest/globals';
import { Client, DatabaseError } from 'pg';
import { rejectedConnection } from '../../src/database/errors/rejected-connection.js';
import { createTestDatabase } from '../support/database.js';

const URL_OF_IAM = 'postgres://iam:canary@db.internal:6432/iam';

/** What is made of an error with this state and message. */
function messageFor(code: string | undefined, message: string): string | undefined {
  const error = Object.assign(new DatabaseError(message, 0, 'error'), { code });
  const rejected = rejectedConnection(error, 'DATABASE_URL', URL_OF_IAM);
  expect(rejected?.message ?? '').not.toContain('canary');
  expect(rejected?.cause ?? error).toBe(error);
  return rejected?.message;
}

describe('A rejected connection', () => {
  // As PgBouncer 1.18, PostgreSQL 15 and pg 8 say it.
  it.each([
    ['08P01', 'unsupported startup parameter: statement_timeout', /rejects the start-up parameter statement_timeout/],
    ['08P01', 'no such user: iam', /Correct user and password in DATABASE_URL/],
    ['08P01', 'SASL authentication failed', /Correct user and password in DATABASE_URL/],
    ['28P01', 'password authentication failed for user "iam"', /Correct user and password in DATABASE_URL/],
    ['08P01', 'no such database: iam', /Create that database, or correct its name in DATABASE_URL/],
    ['3D000', 'database "iam" does not exist', /Create that database, or correct its name in DATABASE_URL/],
    ['28000', 'no pg_hba.conf entry for host "10.0.0.1", user "iam", database "iam", no encryption', /sslmode=require/],
    ['28000', 'role "iam" does not exist', /Correct the user in DATABASE_URL/],
    ['42501', 'permission denied for database "iam"', /GRANT CONNECT ON DATABASE/],
    ['42704', 'unrecognized configuration parameter "qego"', /Correct the parameters at the end of DATABASE_URL/],
    [undefined, 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', /asks for a password/],
    [undefined, 'The server does not support SSL connections', /Take sslmode out of DATABASE_URL/],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain', /sslrootcert/],
  ])('for %s %s names place, cause and what to set', (code, message, advice) => {
    const sentence = messageFor(code, message);
    expect(sentence).toMatch(advice);
    expect(sentence?.startsWith(`db.internal:6432/iam rejects the connection: ${message}. `)).toBe(true);
  });

  it.each([
    ['08P01', 'pgbouncer cannot connect to server'],
    ['08P01', 'server login has been failing, try again later (server_login_retry)'],
    ['08P01', 'no more connections allowed (max_client_conn)'],
    ['08P01', 'query_wait_timeout'],
    ['57P03', 'the database system is starting up'],
    ['53300', 'sorry, too many clients already'],
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5432'],
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND db.internal'],
    [undefined, 'timeout expired'],
  ])('for %s %s may be let in later, and is tried again', (code, message) => {
    expect(messageFor(code, message)).toBeUndefined();
  });

  it('by PostgreSQL itself has the same message', async () => {
    const database = await createTestDatabase();
    const rejectionOf = async (change: (url: URL) => void): Promise<string | undefined> => {
      const url = new URL(database.url);
      change(url);
      const error: unknown = await new Client({ connectionString: url.href })
        .connect()
        .catch((cause: unknown) => cause);
      return rejectedConnection(error, 'DATABASE_URL', url.href)?.message;
    };
    try {
      expect(await rejectionOf((url) => (url.pathname += '_nowhere'))).toMatch(/Create that database/);
      expect(await rejectionOf((url) => (url.username = 'unknown_user'))).toMatch(
        /Correct (the user|user and password)/,
      );
      expect(await rejectionOf((url) => url.searchParams.set('options', '-c qego=on'))).toMatch(
        /Correct the parameters/,
      );
      expect(await rejectionOf((url) => url.searchParams.set('sslmode', 'require'))).toMatch(/sslmode|certificate/);
    } finally {
      await database.drop();
    }
  });
});
