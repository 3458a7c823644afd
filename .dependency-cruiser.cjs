/**
 * Who may import whom. `npm run rules` checks it, and so does test/architecture/imports.spec.ts. What is said here is
 * meant: an exception is a question of design, not one more line in a list.
 */

/** The folders of src, lowest first. Each imports from itself and from below. */
const LEVELS = [
  ['config', 'json-api', 'context'],
  ['language', 'metrics', 'logging', 'outbound', 'templates', 'tracing'],
  ['sweeps', 'personal-data', 'embedded-postgres'],
  ['database'],
  ['auth'],
  ['outbox', 'transport', 'one-time-tokens'],
  ['mail'],
  ['events', 'health', 'jobs'],
  ['passwords'],
  ['accounts', 'organizations', 'account-sessions', 'sign-in'],
  ['api-keys'],
  ['pages', 'roles'],
  ['second-factors'],
  ['identity-providers', 'passkeys'],
  ['mailbox', 'docs'],
];

/** The files of a feature by what they do, lowest first. Each imports from its own layer and from below. */
const LAYERS = ['entity', 'resource', 'repository', 'service', 'controller', 'module'];

/** The test kit puts the app together too. */
const APP = '^src/(app\\.|(cli|iam|index)\\.c?ts$|cli/|testing/)';

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

const levels = LEVELS.flatMap((names, level) =>
  names.map((name) =>
    forbid(
      `${name}-imports-from-below`,
      `${name} imports from itself and from the levels below it`,
      // The list of every entity has to name them, wherever they are.
      { path: `^src/${name}/`, pathNot: '^src/database/schema\\.ts$' },
      {
        path: `^src/(${LEVELS.slice(level).flat().join('|')})/`,
        // A table refers to its neighbours' tables, by foreign keys and by relationships.
        pathNot: [`^src/${name}/`, ...LEVELS[level].map((neighbour) => `^src/${neighbour}/.+\\.entity\\.ts$`)],
      },
    ),
  ),
);

const layers = LAYERS.slice(0, -1).map((layer, height) =>
  forbid(
    `${layer}-imports-from-below`,
    `controller → service → repository → resource → entity: one way`,
    { path: `^src/.+\\.${layer}\\.ts$` },
    { path: `^src/.+\\.(${LAYERS.slice(height + 1).join('|')})\\.ts$` },
  ),
);

module.exports = {
  forbidden: [
    ...levels,
    ...layers,
    forbid(
      'every-folder-has-a-level',
      'a new folder of src takes its place in LEVELS',
      { path: '^src/' },
      { path: '^src/[^/]+/', pathNot: [`^src/(${LEVELS.flat().join('|')})/`, APP] },
    ),
    forbid(
      'folders-without-a-level-import-nothing',
      'a new folder of src takes its place in LEVELS, also before others import from it',
      { path: '^src/[^/]+/', pathNot: [`^src/(${LEVELS.flat().join('|')})/`, APP] },
      {},
    ),
    forbid(
      'neighbours-share-tables-only-with-tables',
      "a neighbour's entity is for entities and resource definitions; everything else calls the neighbour's service",
      { path: '^src/([^/]+)/.+\\.ts$', pathNot: ['\\.(entity|resource)\\.ts$', '^src/database/schema\\.ts$', APP] },
      { path: '^src/[^/]+/.+\\.entity\\.ts$', pathNot: '^src/$1/' },
    ),
    forbid(
      'json-api-imports-nothing-else',
      'the resource layer has no business rules, and could be a package of its own',
      { path: '^src/json-api/' },
      { path: '^src/', pathNot: '^src/json-api/' },
    ),
    forbid(
      'config-imports-nothing-else',
      'every module reads the configuration, so it reads none',
      { path: '^src/config/' },
      { path: '^src/', pathNot: '^src/config/' },
    ),
    forbid(
      'only-the-app-knows-the-app',
      'modules do not depend on what puts them together',
      { path: '^src/', pathNot: APP },
      { path: APP },
    ),
    forbid(
      'the-embedded-postgresql-is-loaded-when-it-is-needed',
      'production has DATABASE_URL and never loads it, so it is imported by import() alone',
      { path: '^src/', pathNot: '^src/(embedded-postgres|testing)/' },
      { path: '^src/embedded-postgres/', dynamic: false, dependencyTypesNot: ['type-only', 'type-import'] },
    ),
    forbid(
      'production-does-not-load-the-test-kit',
      'the kit gives anyone an admin token, so only the command that starts it loads it, by import() alone',
      { path: '^src/', pathNot: '^src/testing/' },
      { path: '^src/testing/', dynamic: false, dependencyTypesNot: ['type-only', 'type-import'] },
    ),
    forbid(
      'one-command-starts-the-test-kit',
      'no other file has a use for it',
      { path: '^src/', pathNot: '^src/(testing/|cli/commands/test-server\\.command\\.ts$)' },
      { path: '^src/testing/' },
    ),
    forbid('no-cycles', 'no file imports itself through others, not even types', {}, { circular: true }),
    forbid(
      'no-tests-in-the-product',
      'src stands without its tests',
      { path: '^src/' },
      { path: '^(test|bench|examples|packages|deploy|\\.ci)/' },
    ),
    forbid(
      'library-internals-behind-adapters',
      'a file inside of a library is no part of its API: types of metadata apart, the adapter of the library alone imports it',
      {
        path: '^src/',
        pathNot:
          '^src/(json-api/sql/sql|outbox/graphile-worker|database/resilient-client|cli/with-service|database/typeorm-drivers)\\.ts$',
      },
      {
        path: '(^|/)node_modules/(typeorm|pg|pg-pool|graphile-worker|fastify|@nestjs/[^/]+)/.+',
        pathNot: [
          '(^|/)node_modules/(typeorm/(browser/)?index|pg/(esm/index|lib/index)|pg-pool/index|graphile-worker/dist/index|fastify/fastify)\\.',
          '(^|/)node_modules/typeorm/(browser/)?metadata(-args)?/Column',
          '(^|/)node_modules/@nestjs/[^/]+/((dist/)?index|constants)\\.',
        ],
      },
    ),
    forbid(
      'only-declared-packages',
      'what runs in production is a dependency in package.json',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    ),
    forbid('no-unresolved-imports', 'what is imported exists', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
