import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A CA, and a certificate that it signed. Everything is PEM. */
export interface Certificates {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
}

/** Makes a CA and a certificate for these names (`DNS:hooks.example.com`, `IP:127.0.0.1`), with openssl. */
export function makeCertificates(...names: readonly string[]): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'iam-ca-'));
  const path = (file: string): string => join(folder, file);
  const openssl = (...args: readonly string[]): Buffer => execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  try {
    openssl('req', '-x509', ...key, '-keyout', path('ca.key'), '-out', path('ca.pem'), '-subj', '/CN=Test CA');
    openssl('req', ...key, '-keyout', path('host.key'), '-out', path('host.csr'), '-subj', '/CN=Test');
    writeFileSync(path('host.ext'), `subjectAltName = ${names.join(', ')}\n`);
    const signer = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial'];
    openssl('x509', '-req', '-in', path('host.csr'), ...signer, '-extfile', path('host.ext'), '-out', path('host.pem'));
    const read = (file: string): string => readFileSync(path(file), 'utf8');
    return { ca: read('ca.pem'), key: read('host.key'), cert: read('host.pem') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
