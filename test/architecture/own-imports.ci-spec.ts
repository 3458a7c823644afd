import { describe, expect, it } from '@jest/globals';
import { cruise, PROJECT } from './cruise.js';

/** What `npm run rules` looks at as well, which `npm run check` runs beside `npm test`. */
describe('Imports', () => {
  it('obey the rules of .dependency-cruiser.cjs', async () => {
    const { summary, modules } = await cruise(PROJECT);
    expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} imports ${to}`)).toEqual([]);
    expect(modules.length).toBeGreaterThan(200);
  }, 120_000);
});
