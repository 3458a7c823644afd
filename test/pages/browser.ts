import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';

/** Where Debian and its relatives put it. CHROMIUM_PATH says otherwise. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The path of Chromium; undefined where there is none. */
export const executable = [process.env['CHROMIUM_PATH'] ?? [], PLACES].flat().find((path) => existsSync(path));

/**
 * Tests in a real Chromium. Without one they are skipped with a notice, but fail where CI is set: there, a test that did
 * not run would look like one that passed.
 */
export function describeInBrowser(name: string, tests: () => void): void {
  if (executable !== undefined || process.env['CI']) return describe(name, tests);
  process.stderr.write(
    `\n${name}: skipped, since there is no Chromium (apt-get install chromium, or CHROMIUM_PATH).\n`,
  );
  return describe.skip(name, tests);
}

/** Starts it, without a window. */
export function launchBrowser(): Promise<Browser> {
  if (executable === undefined) {
    throw new Error('The tests of the pages need Chromium: apt-get install chromium, or set CHROMIUM_PATH.');
  }
  // Chromium has no sandbox for root, which CI is in most containers.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: executable, args });
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** What axe-core finds in a page: the rule, and where. The page needs `bypassCSP`. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: AXE });
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** Problems of accessibility of the page; see `accessibility.browser.js`. */
export async function accessibilityViolations(page: Page): Promise<string[]> {
  return page.evaluate(await readFile(join(import.meta.dirname, 'accessibility.browser.js'), 'utf8'));
}
