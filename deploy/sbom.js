// Writes what the service is made of beside its build: dist/sbom.cdx.json (CycloneDX, by `npm sbom`) and dist/LICENSES.txt.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In bytes: the list of all packages has 2 MB. */
const MAX_OUTPUT = 64 * 1024 * 1024;
/** npm sbom ends where an unused peer has another version than asked for: the mailer's nunjucks has one. */
const UNNEEDED = { nunjucks: { chokidar: '>=3' } };

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

/** All that the lock installs, also for development: what `--omit=dev` leaves out is more than that. */
function describeAll() {
  const folder = mkdtempSync(join(tmpdir(), 'iam-sbom-'));
  try {
    copyFileSync('package-lock.json', join(folder, 'package-lock.json'));
    const overrides = { ...manifest.overrides, ...UNNEEDED };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, overrides }));
    const options = ['--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];
    return JSON.parse(
      execFileSync('npm', ['sbom', ...options], { cwd: folder, encoding: 'utf8', maxBuffer: MAX_OUTPUT }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { components, dependencies, ...bill } = describeAll();
/** The workspaces of the repository are packages of their own, and no part of the service. */
const isWorkspace = ([path, { link }]) => link === true || (path !== '' && !path.startsWith('node_modules/'));
const installed = new Set(
  Object.entries(packages)
    .filter((entry) => !isWorkspace(entry))
    .filter(([, { dev, devOptional }]) => !dev && !devOptional)
    .map(([path, { name, version }]) => `${name ?? path.slice(path.lastIndexOf('node_modules/') + 13)}@${version}`),
);
const isInstalled = (purl) => installed.has(decodeURIComponent(purl.slice('pkg:npm/'.length).split('?')[0]));
const kept = components.filter(({ purl }) => isInstalled(purl));
const refs = new Set([bill.metadata.component['bom-ref'], ...kept.map((component) => component['bom-ref'])]);
const graph = dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));

const nameOf = ({ license, expression }) => expression ?? license?.id ?? license?.name;
const rows = kept.map(({ purl, licenses = [] }) => {
  const name = decodeURIComponent(purl.slice('pkg:npm/'.length).split('?')[0]).replace(/@([^@]+)$/, ' $1');
  return `${name}: ${licenses.map(nameOf).join(', ') || 'not declared'}`;
});

mkdirSync('dist', { recursive: true });
writeFileSync('dist/sbom.cdx.json', JSON.stringify({ ...bill, components: kept, dependencies: graph }));
writeFileSync('dist/LICENSES.txt', `${[...new Set(rows)].sort().join('\n')}\n`);
