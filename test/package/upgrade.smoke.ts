import { cpSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { firstAdmin, passed, signIn, TARBALL, TIMEOUT_MS, type, typeAll, withService } from './typed.js';

/** The checkout of an earlier version that `.ci/package` has made, with its package in it. */
const PREVIOUS = process.env['IAM_TEST_PREVIOUS'] ?? '';
/** The examples: what their data is, and how many tests they have at least. */
const PROJECTS = [
  {
    example: 'inventory',
    path: '/items',
    type: 'inventory:items',
    attributes: { sku: 'ABC-0001', name: 'Laptop', quantity: 3, price: '9.50' },
    tests: 50,
  },
  { example: 'teams', path: '/teams', type: 'iam:teams', attributes: { name: 'Field service' }, tests: 30 },
];

describe.each(PROJECTS)('The project $example, which updates the package,', ({ example, path, ...rest }) => {
  const sources = join('examples', example);
  let folder: string;
  let admin: { email: string; password: string };
  let made: { id: string; attributes: object };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-upgrade-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Takes the files of the example, and the package with them. */
  async function install(source: string, tarball: string, name: string): Promise<void> {
    await rm(join(folder, 'src'), { recursive: true, force: true });
    cpSync(source, folder, { recursive: true });
    cpSync(tarball, join(folder, name));
    await typeAll([`npm install ./${name}`, 'npm run build'], folder);
  }

  it(
    'has data by the earlier version',
    async () => {
      await install(join(PREVIOUS, sources), join(PREVIOUS, 'iam-previous.tgz'), 'iam-previous.tgz');
      await typeAll(['npx iam migrate', 'npx iam seed --accounts 50 --organizations 2'], folder);
      await withService(folder, async (url, log) => {
        admin = firstAdmin(log);
        const request = await signIn(url, admin);
        const [organization] = (await request('/organizations')).body.data;
        const attributes = { ...rest.attributes, organization_id: organization.id };
        const { status, body } = await request(path, { data: { type: rest.type, attributes } });
        expect(status).toBe(200);
        made = body.data;
      });
    },
    TIMEOUT_MS,
  );

  it(
    'migrates, and keeps its data, accounts and passwords',
    async () => {
      await install(sources, TARBALL, 'iam-next.tgz');
      const output = await typeAll(['npx iam migrate', 'npx iam doctor'], folder);
      expect(output).toMatch(/^ok +migrations +The schema is up to date/m);
      await withService(folder, async (url) => {
        const request = await signIn(url, admin);
        expect((await request(`${path}/${made.id}`)).body.data.attributes).toMatchObject(made.attributes);
        expect((await request('/accounts?count=true&page[size]=1')).body.meta.count).toBe(51);
      });
    },
    TIMEOUT_MS,
  );

  it(
    'passes its tests',
    async () => {
      expect(passed(await type('npm test', folder))).toBeGreaterThan(rest.tests);
    },
    TIMEOUT_MS,
  );
});
