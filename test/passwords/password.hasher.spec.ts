import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import { hash as argon2 } from '@node-rs/argon2';
import { hash as bcrypt } from 'bcrypt';
import { PasswordHasher } from '../../src/passwords/hashing/password.hasher.js';

const PASSWORD = 'Correct-Horse-9';
/** With a budget that the most costly of the test vectors fits into. */
const withCost = (bcryptCost: number, hashMaxCost = 11) => new PasswordHasher({ bcryptCost, hashMaxCost });
const hasher = withCost(4);
const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');

/** The quickest of several runs of each, in milliseconds, taken in turns: what else the machine does only adds. */
async function quickest(runs: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const best = runs.map(() => Infinity);
  for (let round = 0; round < 7; round++) {
    for (const [i, run] of runs.entries()) {
      const start = performance.now();
      await run();
      best[i] = Math.min(best[i] ?? Infinity, performance.now() - start);
    }
  }
  return best;
}

describe('A hash of our own', () => {
  it('says its scheme, and differs each time', async () => {
    const stored = await hasher.hash(PASSWORD);
    expect(stored).toMatch(/^\$iam1\$2b\$04\$[./A-Za-z0-9]{53}$/);
    expect(await hasher.hash(PASSWORD)).not.toBe(stored);
  });

  it('matches its password and no other', async () => {
    const stored = await hasher.hash(PASSWORD);
    expect(await hasher.verify(PASSWORD, stored)).toEqual({ ok: true, rehash: false });
    expect(await hasher.verify('Correct-Horse-8', stored)).toEqual({ ok: false, rehash: false });
    expect(await hasher.verify('', stored)).toEqual({ ok: false, rehash: false });
  });

  it('covers what lies beyond the 72 bytes that bcrypt reads', async () => {
    const long = 'x'.repeat(120);
    const stored = await hasher.hash(`${long}A1!`);
    expect((await hasher.verify(`${long}A1!`, stored)).ok).toBe(true);
    expect((await hasher.verify(`${long}A1?`, stored)).ok).toBe(false);
  });

  it('does not mind how an accent was typed', async () => {
    const stored = await hasher.hash('Caf\u00e9-au-lait-1');
    expect((await hasher.verify('Cafe\u0301-au-lait-1', stored)).ok).toBe(true);
  });

  it('is no plain bcrypt of anything that leaked elsewhere', async () => {
    const stored = await hasher.hash(PASSWORD);
    const { ok } = await hasher.verify(PASSWORD, stored.replace('$iam1', ''));
    expect(ok).toBe(false);
  });

  it('asks to be replaced when its cost is another than the configured one', async () => {
    const stored = await hasher.hash(PASSWORD);
    expect(await withCost(5).verify(PASSWORD, stored)).toEqual({ ok: true, rehash: true });
    const higher = await withCost(5).hash(PASSWORD);
    expect(await hasher.verify(PASSWORD, higher)).toEqual({ ok: true, rehash: true });
  });

  it.each(['a\0B3$efgh', 'aB3$efgh\ud800', 'x'.repeat(100_000)])(
    'is not made of what no policy accepts',
    async (password) => {
      await expect(hasher.hash(password)).rejects.toThrow(TypeError);
      expect(await hasher.verify(password, await hasher.hash(PASSWORD))).toEqual({ ok: false, rehash: false });
    },
  );
});

describe('An imported hash', () => {
  const salt = Buffer.from('0123456789abcdef');
  const scrypt = `$scrypt$ln=10,r=8,p=1$${base64(salt)}$${base64(scryptSync(PASSWORD, salt, 32, { N: 1024, r: 8, p: 1 }))}`;
  const sha256 = base64(pbkdf2Sync(PASSWORD, salt, 1000, 32, 'sha256'));
  const sha1 = base64(pbkdf2Sync(PASSWORD, salt, 1000, 20, 'sha1'));
  const sha512 = base64(pbkdf2Sync(PASSWORD, salt, 1000, 64, 'sha512'));

  it.each([
    ['scrypt', scrypt],
    ['PBKDF2-SHA-256 as PHC', `$pbkdf2-sha256$i=1000,l=32$${base64(salt)}$${sha256}`],
    ['PBKDF2-SHA-256 of passlib', `$pbkdf2-sha256$1000$${base64(salt)}$${sha256.replaceAll('+', '.')}`],
    ['PBKDF2-SHA-512', `$pbkdf2-sha512$i=1000$${base64(salt)}$${sha512}`],
    ['PBKDF2-SHA-1', `$pbkdf2$1000$${base64(salt)}$${sha1}`],
  ])('of %s is verified and asks to be replaced', async (_, stored) => {
    expect(hasher.supports(stored)).toBe(true);
    expect(await hasher.verify(PASSWORD, stored)).toEqual({ ok: true, rehash: true });
    expect(await hasher.verify('Correct-Horse-8', stored)).toEqual({ ok: false, rehash: false });
  });

  it.each(['$2a$', '$2b$', '$2y$'])('of bcrypt %s is verified as it is and asks to be replaced', async (prefix) => {
    const stored = (await bcrypt(PASSWORD, 4)).replace('$2b$', prefix);
    expect(await hasher.verify(PASSWORD, stored)).toEqual({ ok: true, rehash: true });
    expect(await hasher.verify('Correct-Horse-8', stored)).toEqual({ ok: false, rehash: false });
  });

  it('agrees with the test vectors of RFC 7914, of the Argon2 reference and of crypt_blowfish', async () => {
    const hex = (text: string) => base64(Buffer.from(text, 'hex'));
    const scryptVector =
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162' +
      '2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640';
    const pbkdf2Vector =
      '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc' +
      '49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783';
    const [nacl, salt] = [base64(Buffer.from('NaCl')), base64(Buffer.from('salt'))];
    for (const [password, stored] of [
      ['password', `$scrypt$ln=10,r=8,p=16$${nacl}$${hex(scryptVector)}`],
      ['passwd', `$pbkdf2-sha256$i=1$${salt}$${hex(pbkdf2Vector)}`],
      ['password', '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
      ['U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ] as const) {
      expect(await hasher.verify(password, stored)).toEqual({ ok: true, rehash: true });
    }
  });

  it('of bcrypt is kept while the password goes on beyond what it covers', async () => {
    const long = `${'x'.repeat(72)}A1!`;
    const stored = await bcrypt(long, 4);
    // bcrypt does not distinguish these two; a replaced hash would hold the owner to the typing error.
    expect(await hasher.verify(`${'x'.repeat(72)}A1?`, stored)).toEqual({ ok: true, rehash: false });
  });

  it.each([
    '',
    'secret',
    '$iam1$2b$04$short',
    '$iam2$2b$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$iam1$2b$30$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$iam1$2b$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$2b$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$scrypt$ln=17,r=8,p=2$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg',
    '$pbkdf2-sha256$i=1700000$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg',
    '$pbkdf2-sha512$i=900000$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg',
    '$argon2id$v=19$m=262144,t=4,p=4$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM',
    '$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$scrypt$ln=30,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg',
    '$pbkdf2-sha256$i=99999999$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg',
    '$pbkdf2-md5$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg',
    '$argon2id$v=19$m=65536,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$dG9vIHNob3J0',
    '$argon2id$v=19$m=4000000,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg',
    '$argon2i$v=19$m=65536,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg',
  ])('that is not understood, or far too costly, matches nothing: %j', async (stored) => {
    expect(withCost(4, 13).supports(stored)).toBe(false);
    expect(await hasher.verify(PASSWORD, stored)).toEqual({ ok: false, rehash: false });
  });
});

// Times are compared on machines that are shared: what is really slower is so every time.
jest.retryTimes(4);

describe('The time of a failed check', () => {
  const costly = withCost(8, 9);

  it('is the same without an account, with a current hash, and with cheaper and costlier ones of every scheme', async () => {
    const salt = Buffer.from('0123456789abcdef');
    const stored = [
      null,
      await costly.hash(PASSWORD),
      await withCost(4).hash(PASSWORD),
      await withCost(9).hash(PASSWORD),
      await bcrypt(PASSWORD, 6),
      `$scrypt$ln=13,r=8,p=1$${base64(salt)}$${base64(scryptSync(PASSWORD, salt, 32, { N: 8192, r: 8, p: 1 }))}`,
      `$pbkdf2-sha256$i=1000$${base64(salt)}$${base64(pbkdf2Sync(PASSWORD, salt, 1000, 32, 'sha256'))}`,
      await argon2(PASSWORD, { memoryCost: 8192, timeCost: 1, parallelism: 1 }),
    ];
    for (const hash of stored) if (hash !== null) expect(costly.supports(hash)).toBe(true);
    const times = await quickest(stored.map((hash) => () => costly.verify('Wrong-Horse-9', hash)));
    // A hash of cost 4 alone takes a sixteenth of one of cost 8, and that half of one of cost 9.
    expect(Math.max(...times) / Math.min(...times)).toBeLessThan(1.35);
  });

  it('does not hold a slot while it is waited out', async () => {
    const patient = withCost(4, 14);
    const failed = patient.verify('Wrong-Horse-9', null);
    const start = performance.now();
    while (patient.queue.running > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect((await patient.verify(PASSWORD, await hasher.hash(PASSWORD))).ok).toBe(true);
    expect(performance.now() - start).toBeLessThan(1_000);
    await failed;
    expect(performance.now() - start).toBeGreaterThan(1_000);
  });

  it('of a text that cannot be a password is waited out without a hash', async () => {
    const idle = withCost(4, 8);
    const failed = idle.verify('x'.repeat(1024 * 1024), null);
    expect(idle.queue.running).toBe(0);
    expect(await failed).toEqual({ ok: false, rehash: false });
  });
});
