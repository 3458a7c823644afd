import { describe, expect, it } from '@jest/globals';
import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { hash as argon2 } from '@node-rs/argon2';
import { hash as bcrypt } from 'bcrypt';
import { readFirebaseHashConfig } from '../../src/passwords/import/firebase.js';
import { readImportedHash } from '../../src/passwords/import/imported-hash.js';
import { PasswordHasher } from '../../src/passwords/hashing/password.hasher.js';

const hasher = new PasswordHasher({ bcryptCost: 4, hashMaxCost: 13 });
/** As Firebase's console shows it; the values are those of the project's own example. */
const CONSOLE = `hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}`;
const firebase = readFirebaseHashConfig(CONSOLE);
const read = (value: unknown, config: typeof firebase | null = firebase) =>
  readImportedHash(value, (stored) => hasher.supports(stored), config);
const salt = Buffer.from('sixteen bytes ok');
const scrypt = scryptSync('pässword', salt, 32, { N: 1024, r: 8, p: 1 });
const keycloak = (secretData: unknown, credentialData: unknown) => ({ type: 'password', secretData, credentialData });

/** What systems export: those with a comment are examples of the system's own tests or documentation. */
const EXPORTED: Readonly<Record<string, readonly [password: string, hash: unknown, stored: RegExp]>> = {
  // django/tests/auth_tests/test_hashers.py
  'PBKDF2 of Django': [
    'lètmein',
    'pbkdf2_sha256$320000$seasalt$Toj2II2rBvFiGQcPmUml1Nlni2UtvyRWwz/jz4q6q/4=',
    /^\$pbkdf2-sha256\$i=320000\$c2Vhc2FsdA\$Toj2II2rBvFiGQcPmUml1Nlni2UtvyRWwz\/jz4q6q\/4$/,
  ],
  'scrypt of Django': [
    'lètmein',
    'scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==',
    /^\$scrypt\$ln=14,r=8,p=1\$c2Vhc2FsdA\$Qj3[^=]+$/,
  ],
  // passlib's tests of django_pbkdf2_sha1
  'PBKDF2-SHA-1 of Django': [
    'not a password',
    'pbkdf2_sha1$10000$wz5B6WkasRoF$atJmJ1o+XfJxKq1+Nu1f1i57Z5I=',
    /^\$pbkdf2-sha1\$i=10000\$/,
  ],
  // Made by Django 4
  'bcrypt_sha256 of Django': [
    'password',
    'bcrypt_sha256$$2b$12$VADBCPlCt0wMa2zjUgaXl.jnrvoNt/kgjtRY7i./fo0V2IEp1l6f2',
    /^bcrypt_sha256\$\$2b\$12\$/,
  ],
  'bcrypt of Django': ['pässword', `bcrypt$${await bcrypt('pässword', 4)}`, /^\$2b\$04\$/],
  'argon2id of Django': [
    'pässword',
    `argon2${await argon2('pässword', { memoryCost: 1024, timeCost: 2, parallelism: 1 })}`,
    /^\$argon2id\$v=19\$m=1024,t=2,p=1\$/,
  ],
  // ory/kratos/hash/hash_test.go
  'scrypt of Kratos': [
    'test',
    '$scrypt$ln=16384,r=8,p=1$2npRo7P03Mt8keSoMbyD/tKFWyUzjiQf2svUaNDSrhA=$MiCzNcIplSMqSBrm4HckjYqYhaVPPjTARTzwB1cVNYE=',
    /^\$scrypt\$ln=14,r=8,p=1\$2npRo[^=]+\$MiCz[^=]+$/,
  ],
  'PBKDF2 of Kratos': [
    'test',
    '$pbkdf2-sha512$i=100000,l=32$bdHBpn7OWOivJMVJypy2UqR0UnaD5prQXRZevj/05YU$+wArTfv1a+bNGO1iZrmEdVjhA+lL11wF4/IxpgYfPwc',
    /^\$pbkdf2-sha512\$i=100000\$bdHB[^=]+\$/,
  ],
  "Firebase's scrypt of Kratos": [
    '8x4WjoDbSxJZdR',
    '$firescrypt$ln=14,r=8,p=1$sPtDhWcd1MfdAw==$xbSou7FOl6mChCyzpCPIQ7tku7nsQMTFtyOZSXXd7tjBa4NtimOx7v42Gv2SfzPQu1oxM2/k4SsbOu73wlKe1A==$Bw==$YE0dO4bwD4JnJafh6lZZfkp1MtKzuKAXQcDCJNJNyeCHairWHKENOkbh3dzwaCdizzOspwr/FITUVlnOAwPKyw==',
    /^\$firescrypt\$ln=14,r=8,p=1\$[^=]+,?[^=]+$/,
  ],
  'argon2id with padding': [
    'pässword',
    (await argon2('pässword', { memoryCost: 1024, timeCost: 2, parallelism: 1 })).replace(
      /\$([^$]+)\$([^$]+)$/,
      '$$$1==$$$2=',
    ),
    /^\$argon2id\$v=19\$m=1024,t=2,p=1\$[^=]+$/,
  ],
  // firebase/scrypt, README
  'Firebase, by auth:export': [
    'user1password',
    {
      passwordHash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
      salt: '42xEC+ixf3L2lw==',
    },
    /^\$firescrypt\$ln=14,r=8,p=1\$42xEC\+ixf3L2lw\$lSrf/,
  ],
  // A realm export that many projects carry
  Keycloak: [
    'password',
    keycloak(
      '{"value":"JsfNbCOIdZUbyBJ+BT+VoGI91Ec2rWLOvkLPDaX8e9k=","salt":"P5rtFkGtPfoaryJ6PizUJw==","additionalParameters":{}}',
      '{"hashIterations":27500,"algorithm":"pbkdf2-sha256","additionalParameters":{}}',
    ),
    /^\$pbkdf2-sha256\$i=27500\$P5rt/,
  ],
  'Keycloak, its list of credentials': [
    'pässword',
    [
      { type: 'otp', secretData: '{"value":"x"}', credentialData: '{}' },
      keycloak(
        {
          value: pbkdf2Sync('pässword', salt, 1000, 64, 'sha512').toString('base64'),
          salt: salt.toString('base64'),
        },
        { hashIterations: 1000, algorithm: 'pbkdf2-sha512' },
      ),
    ],
    /^\$pbkdf2-sha512\$i=1000\$/,
  ],
  'argon2 of Keycloak': [
    'pässword',
    await argon2('pässword', { memoryCost: 7168, timeCost: 5, parallelism: 1, salt }).then((encoded) =>
      keycloak(
        { value: `${encoded.split('$')[5]}=`, salt: salt.toString('base64') },
        {
          hashIterations: 5,
          algorithm: 'argon2',
          additionalParameters: { memory: ['7168'], type: ['id'], version: ['1.3'], parallelism: ['1'] },
        },
      ),
    ),
    /^\$argon2id\$v=19\$m=7168,t=5,p=1\$/,
  ],
  'bcrypt of Auth0': ['pässword', (await bcrypt('pässword', 4)).replace('$2a$', '$2b$'), /^\$2b\$/],
  "Auth0's custom_password_hash with bcrypt": [
    'pässword',
    { algorithm: 'bcrypt', hash: { value: await bcrypt('pässword', 4) } },
    /^\$2b\$/,
  ],
  "Auth0's custom_password_hash with scrypt": [
    'pässword',
    {
      algorithm: 'scrypt',
      hash: { value: scrypt.toString('hex'), encoding: 'hex' },
      salt: { value: salt.toString('utf8') },
      keylen: 32,
      cost: 1024,
      blockSize: 8,
      parallelization: 1,
    },
    /^\$scrypt\$ln=10,r=8,p=1\$/,
  ],
};

describe('A hash as another system exports it', () => {
  it.each(Object.entries(EXPORTED))(
    'is stored in one form and lets its owner in: %s',
    async (_, [password, hash, form]) => {
      const reading = read(hash);
      expect(reading).toEqual(expect.objectContaining({ stored: expect.stringMatching(form) }));
      const stored = 'stored' in reading ? String(reading.stored) : '';
      expect(await hasher.verify(password, stored)).toEqual({ ok: true, rehash: true });
      expect((await hasher.verify(`${password}!`, stored)).ok).toBe(false);
      // An export of ours is read again as it is.
      expect(read(stored)).toEqual(expect.objectContaining({ stored }));
    },
  );

  it('is of no account where the other system has no password', () => {
    const none = [null, '!pAXaP3bTzTzWDoWzZPm1', [], [{ type: 'otp' }]];
    expect(none.map((hash) => read(hash))).toEqual(none.map(() => expect.objectContaining({ stored: null })));
  });

  it.each([
    ['secret', /^has no known format; known are bcrypt.*Firebase.*reset mail$/],
    [7, /^must be a text or an object$/],
    [{ hash: 'x' }, /^is an object, and neither a credential of Keycloak/],
    [
      '5f4dcc3b5aa765d61d8327deb882cf99',
      /^is a digest in hexadecimal, which is not imported: leave it out.*reset mail$/,
    ],
    ['md5$salt$5f4dcc3b5aa765d61d8327deb882cf99', /^is one round of a digest, which/],
    ['$6$rounds=5000$canary$x', /^is SHA-2 of crypt\(3\), which/],
    ['argon2$argon2i$v=19$m=512,t=2,p=2$canary$x', /^is argon2i or argon2d, which/],
    ['$pbkdf2-sha384$i=10$canary$x', /^is PBKDF2 with another digest than/],
    ['{SSHA}canary', /^is a hash of LDAP or Spring/],
    ['pbkdf2_sha256$canary$seasalt$x', /^is PBKDF2 of Django, and not well-formed$/],
    ['pbkdf2_sha256$1$seasalt$canary', /^is PBKDF2 of Django, and not well-formed, or/],
    ['$scrypt$ln=16383,r=8,p=1$canarysalt$canaryhash', /^is scrypt, and not well-formed$/],
    ['$scrypt$ln=30,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg', /^is scrypt, .* 256 MiB/],
    [
      'pbkdf2_sha256$99999999$seasalt$Toj2II2rBvFiGQcPmUml1Nlni2UtvyRWwz/jz4q6q/4=',
      /^is PBKDF2 of Django of more work than HASH_MAX_COST/,
    ],
    [keycloak('{"value":"canary"}', '{"algorithm":"bcrypt"}'), /^is bcrypt of Keycloak, which is not imported/],
    [keycloak('canary', '{'), /^is a hash without algorithm of Keycloak/],
    [{ algorithm: 'md5', hash: { value: 'canary' } }, /^is md5 of Auth0, which is not imported/],
    [{ algorithm: 'scrypt', hash: { value: 'canary', encoding: 'hex' }, keylen: 32 }, /^is scrypt of Auth0, and not/],
  ])('says which format it is, and the way, where it is not taken: %j', (hash, error) => {
    const reading = read(hash);
    expect(reading).toEqual({ error: expect.stringMatching(error) });
    expect(JSON.stringify(reading)).not.toContain('canary');
  });

  it("of Firebase asks for the project's parameters, which are read as the console shows them and as JSON", () => {
    expect(read({ passwordHash: 'canary', salt: 'x' }, null)).toEqual({
      error: "is Firebase's scrypt, which needs --firebase-hash-config FILE",
    });
    const { signerKey, saltSeparator, rounds, memCost } = firebase;
    const json = { base64_signer_key: signerKey, base64_salt_separator: saltSeparator, rounds, mem_cost: memCost };
    expect(readFirebaseHashConfig(JSON.stringify({ algorithm: 'SCRYPT', ...json }))).toEqual(firebase);
    expect(() => readFirebaseHashConfig('rounds: 8')).toThrow(
      /lack base64_signer_key, base64_salt_separator, mem_cost;/,
    );
  });
});
