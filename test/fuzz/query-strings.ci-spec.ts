import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ResourceRegistry } from '../../src/json-api/resource/registry.js';
import type { AnyResource } from '../../src/json-api/resource/resource.js';
import { FIXTURES } from '../resources/fixtures.js';
import { startApp, type TestApp } from '../support/app.js';
import { admin, organization, signedIn } from '../support/factories.js';
import { cases, expectProper, fuzz, LONG_LIVED, timeoutMs, tally, Wire } from './fuzz.js';
import { anyParameter, plausibleParameter, SORTS, type Known } from './parameters.js';

const CASES = 4000;
const ROWS_EACH = 15;

/** Longest query string that is sent: Node itself rejects a request line and headers beyond 16 KiB. */
const LONGEST = 12_000;

describe('Query strings of every sort', () => {
  let app: TestApp;
  let wire: Wire;
  let tokens: string[];
  let resources: AnyResource[];
  let known: Known;

  beforeAll(async () => {
    app = await startApp({ env: LONG_LIVED });
    wire = new Wire(app);
    const org = [await organization(app)];
    const owner = await signedIn(app, { role: 'org_owner', org });
    const user = await signedIn(app, { org });
    const { token, get } = await admin(app);
    tokens = [token, token, token, owner.token, user.token];
    for (const make of Object.values(FIXTURES)) for (let n = 0; n < ROWS_EACH; n++) await make(app, n);
    const registry = app.nest.get(ResourceRegistry);
    resources = registry.types().flatMap((type) => registry.resource(type) ?? []);
    const cursors: string[] = [];
    for (const sort of SORTS) {
      const { body } = await get(`/accounts?page[after]=&page[size]=3&sort=${sort}`);
      cursors.push(...body.data.map((one: { meta: { page: { cursor: string } } }) => one.meta.page.cursor));
    }
    const rows = await app.sql<{ id: string; name: string; email: string }>(
      'SELECT id, name, email FROM accounts LIMIT 9',
    );
    known = { cursors, ids: rows.map(({ id }) => id), texts: rows.flatMap(({ name, email }) => [name, email]) };
  });
  afterAll(() => {
    wire.close();
    return app.stop();
  });

  const queries = (resource: AnyResource) => {
    const plausible = plausibleParameter(resource, known);
    const any = fc.oneof(plausible, anyParameter(resource, known));
    return fc.record({
      token: fc.constantFrom(...tokens),
      path: fc.constantFrom(resource.path, resource.path, resource.path, `${resource.path}/${known.ids[0]}`),
      parameters: fc.oneof(
        fc.array(plausible, { minLength: 1, maxLength: 3 }),
        fc.array(any, { minLength: 1, maxLength: 4 }),
      ),
    });
  };

  it(
    `never fail and are always rejected with a reason, in ${cases(CASES)} cases`,
    async () => {
      const responses = tally();
      await fuzz(CASES, fc.oneof(...resources.map(queries)), async ({ token, path, parameters }) => {
        const query = parameters.join('&').slice(0, LONGEST);
        const headers = { authorization: `Bearer ${token}` };
        const response = await wire.send({ method: 'GET', path: `${path}?${query}`, headers });
        responses.count(response);
        expectProper(response);
      });
      responses.print('Query strings');
      // If all were rejected at the door, nothing would be tested behind it.
      expect(responses.of(200)).toBeGreaterThan(cases(CASES) / 5);
    },
    timeoutMs(CASES),
  );
});
