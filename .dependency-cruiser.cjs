/**
 * The arrows of the house: which folder of src may import which.
 *
 * Every folder has its line here; one without is refused. Files in src itself are the composition root: they import what
 * they like, and only the entry points under cli/, the sandbox and the tests import them.
 */
const SHARED = ['errors', 'crypto', 'http', 'logging'];

const MAY_IMPORT = {
  errors: [],
  crypto: ['errors'],
  logging: ['errors', 'crypto'],
  http: ['errors', 'crypto', 'logging'],
  config: ['errors', 'crypto', 'logging'],
  database: ['config', ...SHARED],
  secrets: ['database', 'config', ...SHARED],
  limits: ['secrets', 'database', 'config', ...SHARED],
  audit: ['database', 'config', ...SHARED],
  wechat: ['audit', 'secrets', 'database', 'config', ...SHARED],
  users: ['audit', 'secrets', 'database', 'config', ...SHARED],
  auth: ['users', 'wechat', 'audit', 'limits', 'secrets', 'database', 'config', ...SHARED],
  account: ['auth', 'users', 'wechat', 'audit', 'limits', 'secrets', 'database', 'config', ...SHARED],
  admin: ['account', 'auth', 'users', 'audit', 'limits', 'secrets', 'database', 'config', ...SHARED],
  health: ['auth', 'database', 'config', ...SHARED],
  sandbox: ['config', ...SHARED],
  cli: ['account', 'auth', 'users', 'wechat', 'audit', 'secrets', 'database', 'config', ...SHARED],
};

// A spec beside its subject is a test: it may reach for whatever shows the subject at work.
const SPEC = '\\.spec\\.ts$';
const ROOT = '^src/[^/]+\\.ts$';

const arrows = Object.entries(MAY_IMPORT).map(([folder, targets]) => ({
  name: `arrows-of-${folder}`,
  comment: `${folder} may import ${targets.join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: SPEC },
  to: { path: '^src/[^/]+/', pathNot: `^src/(${[folder, ...targets].join('|')})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...arrows,
    {
      name: 'folder-without-arrows',
      comment: 'A new folder of src needs a line in MAY_IMPORT',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(MAY_IMPORT).join('|')})/` },
      to: {},
    },
    {
      name: 'config-knows-types-only',
      comment: 'config names the shapes of crypto and logging and runs nothing of theirs',
      severity: 'error',
      from: { path: '^src/config/', pathNot: SPEC },
      to: { path: '^src/(crypto|logging)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'root-imported-from-below',
      comment: 'Only the composition root, cli and tests import the composition root',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: ['^src/(cli|sandbox)/', SPEC] },
      to: { path: ROOT },
    },
    {
      name: 'sandbox-takes-configure-app-only',
      comment: 'The sandbox listens the way the server does and knows nothing else of it',
      severity: 'error',
      from: { path: '^src/sandbox/', pathNot: SPEC },
      to: { path: ROOT, pathNot: '^src/configure-app\\.ts$' },
    },
    {
      name: 'top-mounted-elsewhere',
      comment: 'Only app.module.ts mounts admin and the sandbox; nobody imports cli',
      severity: 'error',
      from: { path: ROOT, pathNot: ['^src/app\\.module\\.ts$', SPEC] },
      to: { path: '^src/(admin|sandbox|cli)/' },
    },
    {
      name: 'cli-imported',
      severity: 'error',
      from: { path: '^src/app\\.module\\.ts$' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'tests-imported',
      comment: 'src runs without the tests',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { path: ['^test/', SPEC] },
    },
    {
      name: 'undeclared-package',
      comment: 'What src imports is a dependency: not a dev dependency, not one of somebody else',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    // What Node loads natively in tests comes from dist, which a checkout that was never built does not have.
    { name: 'unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '(^|/)dist/' } },
    { name: 'circular', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // An import of a type is an arrow too.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['source', 'import', 'node', 'default'] },
  },
};
