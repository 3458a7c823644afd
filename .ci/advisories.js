import { execFile } from 'node:child_process';

/**
 * Fails when a package that runs in production has a known flaw of high or critical severity. Where the registry does
 * not answer such questions (a mirror, or no network) that is said, and nothing fails: an unknown is not a flaw.
 */
const FATAL = ['high', 'critical'];

/** npm exits with 1 for flaws and for failures alike; only a report tells them apart. */
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
  console.log('The registry does not tell of advisories: dependencies were not checked');
} else {
  const flaws = Object.values(vulnerabilities).filter(({ severity }) => FATAL.includes(severity));
  for (const { name, severity, range } of flaws) console.error(`${name} ${range}: ${severity}`);
  console.log(`Advisories of ${FATAL.join(' or ')} severity against production dependencies: ${flaws.length}`);
  if (flaws.length > 0) process.exitCode = 1;
}
