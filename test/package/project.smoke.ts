import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { commandsOf, filesOf } from '../docs/adding-a-resource.js';
import { slowness } from '../support/machine.js';
import { cpuSecondsOf, firstAdmin, passed, signIn, TARBALL, TIMEOUT_MS, type, typeAll, withService } from './typed.js';

const PAGE = readFileSync('docs/adding-a-resource.md', 'utf8');
const [NEW = [], REMOVE = [], TEST = [], RUN = []] = commandsOf(PAGE);

/** From an empty folder, with a warm cache of npm, to the first test that has passed. */
const MAX_SECONDS = 60;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iam-user-'));
  cpSync(TARBALL, join(folder, basename(TARBALL)));
  // npm looks for ./iam-0.1.0.tgz beside the nearest package.json, and something else may have left one above the folder.
  if (aboveOf(folder).some((path) => existsSync(join(path, 'package.json')))) {
    writeFileSync(join(folder, 'package.json'), '{}');
  }
  forgetNpx();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The folders above a folder, up to the root. */
const aboveOf = (path: string): string[] => (dirname(path) === path ? [] : [dirname(path), ...aboveOf(dirname(path))]);

/** npm exec installs what it runs into its cache, by the words of the command: there, an earlier tarball would remain. */
function forgetNpx(): void {
  const cache = join(homedir(), '.npm/_npx');
  for (const name of existsSync(cache) ? readdirSync(cache) : []) {
    const manifest = join(cache, name, 'package.json');
    if (existsSync(manifest) && readFileSync(manifest, 'utf8').includes(`./${basename(TARBALL)}`)) {
      rmSync(join(cache, name), { recursive: true });
    }
  }
}

describe('A new project, made and extended as docs/adding-a-resource.md says', () => {
  const project = (): string => join(folder, 'teams-iam');

  it(
    `passes its first test within ${MAX_SECONDS} s, from an empty folder`,
    async () => {
      const started = performance.now();
      const [cpuSeconds, output] = await cpuSecondsOf(NEW, folder);
      // On a machine that is shared, the time that other processes take does not count.
      const seconds = Math.min((performance.now() - started) / 1000, cpuSeconds);
      process.stdout.write(`From an empty folder to ${passed(output)} passed tests: ${seconds.toFixed(1)} s\n`);
      expect(passed(output)).toBeGreaterThan(20);
      expect(seconds).toBeLessThan(MAX_SECONDS * slowness());
    },
    TIMEOUT_MS,
  );

  it(
    'has teams after the files of the page, with the contract tests, and those of the example',
    async () => {
      await typeAll(REMOVE, project());
      const example = resolve('examples/teams');
      const files = new Map(filesOf(PAGE));
      files.set('src/teams/teams.test.ts', readFileSync(`${example}/src/teams/teams.test.ts`, 'utf8').trimEnd());
      for (const [file, code] of files) {
        mkdirSync(dirname(join(project(), file)), { recursive: true });
        writeFileSync(join(project(), file), `${code}\n`);
      }
      cpSync(`${example}/mails`, join(project(), 'mails'), { recursive: true });
      expect(passed(await typeAll(TEST, project()))).toBeGreaterThan(35);
    },
    TIMEOUT_MS,
  );

  it(
    'migrates, is in order for doctor, and serves its resource and the errors of wrong input',
    async () => {
      const output = await typeAll(RUN.slice(0, -1), project());
      expect(output).toContain('Teams1764100000000');
      expect(output).toMatch(/^ok +migrations/m);
      await withService(project(), async (url, log) => {
        const request = await signIn(url, firstAdmin(log));
        const team = { type: 'iam:teams', attributes: { name: '' } };
        const { status, body } = await request('/teams', { data: team });
        const pointers = body.errors.map(({ source }: { source: { pointer: string } }) => source.pointer);
        expect([status, pointers.sort()]).toEqual([422, ['/data/attributes/name', '/data/attributes/organization_id']]);
        expect((await request('/teams')).body.data).toEqual([]);
      });
    },
    TIMEOUT_MS,
  );

  it('renders the manifests of the package for Kubernetes, with its own image', async () => {
    const manifests = await type('kubectl kustomize .', project());
    expect(manifests.match(/^kind: .*$/gm)?.sort()).toEqual(
      ['ConfigMap', 'Deployment', 'Job', 'PodDisruptionBudget', 'Service'].map((kind) => `kind: ${kind}`),
    );
    expect(manifests.match(/image: .*/g)).toEqual(Array(2).fill('image: registry.example.com/teams-iam:0.1.0'));
    expect(manifests).toContain('ROLES_FILE: /app/roles.yml');
  });

  it(
    'has what docs/extending.md shows, after the files of examples/inventory, with its tests',
    async () => {
      for (const name of ['src', 'mails', 'templates', 'roles.yml']) {
        // Those of the teams do not fit another extension.
        rmSync(join(project(), name), { recursive: true, force: true });
        cpSync(resolve('examples/inventory', name), join(project(), name), { recursive: true });
      }
      expect(passed(await typeAll(TEST, project()))).toBeGreaterThan(80);
      expect(await type('npx iam variables', project())).toContain('#RESERVATION_DAYS=14');
    },
    TIMEOUT_MS,
  );

  it('cannot import what the package does not export, and does not start with a second copy of TypeORM', async () => {
    const deep = `import('iam/dist/app.setup.js').catch(({ code }) => console.log(code))`;
    expect(await type(`node --input-type=module -e "${deep}"`, project())).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
    cpSync(join(project(), 'node_modules/typeorm'), join(project(), 'dist/node_modules/typeorm'), { recursive: true });
    await expect(type('npx iam migrate', project())).rejects.toThrow(
      /typeorm is installed twice: the service uses \/\S+\/node_modules\/typeorm, this project \/\S+\/dist\/node_modules\/typeorm/,
    );
  });
});
