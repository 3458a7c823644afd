// Writes what the service is made of beside its build: dist/sbom.cdx.json (CycloneDX, by `npm sbom`) and dist/LICENSES.txt.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

/** In bytes: the list of some 200 packages has 150 KB. */
const MAX_OUTPUT = 64 * 1024 * 1024;

// The lock is what an install follows. What is optional is not in the image, but for one binary of argon2's; the problems
// that npm would end with lie in optional peers of the mailer's.
const options = [
  '--sbom-format=cyclonedx',
  '--sbom-type=application',
  '--omit=dev',
  '--omit=optional',
  '--package-lock-only',
];
const text = execFileSync('npm', ['sbom', ...options], { encoding: 'utf8', maxBuffer: MAX_OUTPUT });

/** @param {{ license?: { id?: string, name?: string }, expression?: string }} entry */
const nameOf = ({ license, expression }) => expression ?? license?.id ?? license?.name;
const rows = JSON.parse(text)
  .components.map(
    ({ name, group, version, licenses = [] }) =>
      `${group ? `${group}/` : ''}${name} ${version}: ${licenses.map(nameOf).join(', ') || 'not declared'}`,
  )
  .sort();

mkdirSync('dist', { recursive: true });
writeFileSync('dist/sbom.cdx.json', text);
writeFileSync('dist/LICENSES.txt', `${rows.join('\n')}\n`);
