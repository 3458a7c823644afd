import { execFile } from 'node:child_process';

/**
 * Fails when a package that runs in production has a known vulnerability of high or critical severity. Where the registry does
 * not serve advisories (a mirror, or no network), that is logged, and nothing fails.
 */
const FATAL = ['high', 'critical'];

/** npm exits with 1 for vulnerabilities and for failures alike; only the report distinguishes them. */
function report() {
  return new Promise((resolve) => {
    const options = { maxBuffer: 64 * 1024 * 1024, timeout: 60_000 };
    execFile('npm', ['audit', '--omit=dev', '--json'], options, (_error, stdout) => {
      try {
        resolve(JSON.parse(stdout));
      } catch {
        resolve({});
      }
    });
  });
}

const { vulnerabilities } = await report();
if (!vulnerabilities) {
  console.log('The registry does not serve advisories: dependencies were not checked');
} else {
  const found = Object.values(vulnerabilities).filter(({ severity }) => FATAL.includes(severity));
  for (const { name, severity, range } of found) console.error(`${name} ${range}: ${severity}`);
  console.log(`Advisories of ${FATAL.join(' or ')} severity against production dependencies: ${found.length}`);
  if (found.length > 0) process.exitCode = 1;
}
