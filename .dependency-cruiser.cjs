// Who may import whom. server → shared ← workers; see docs/ARCHITECTURE.md.
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'shared-imports-no-process',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(server|workers|sandbox|devstack|bench)/' },
    },
    {
      name: 'server-and-workers-are-apart',
      severity: 'error',
      from: { path: '^server/' },
      to: { path: '^workers/' },
    },
    {
      name: 'workers-and-server-are-apart',
      severity: 'error',
      from: { path: '^workers/' },
      to: { path: '^server/' },
    },
    {
      name: 'production-imports-no-stand-ins',
      comment: 'The sandbox is reached over HTTP; the local stack and the benchmarks start processes.',
      severity: 'error',
      from: { path: '^(server|workers|shared)/', pathNot: '[.]test[.]ts$' },
      to: { path: '^(sandbox|devstack|bench)/' },
    },
    {
      name: 'sandbox-stands-alone',
      severity: 'error',
      from: { path: '^sandbox/' },
      to: { path: '^(server|workers|shared|devstack|bench)/' },
    },
    {
      name: 'features-do-not-import-features',
      severity: 'error',
      from: { path: '^server/src/features/([^/]+)/', pathNot: '[.]test[.]ts$' },
      to: { path: '^server/src/features/', pathNot: '^server/src/features/$1/' },
    },
    {
      name: 'providers-know-contracts-only',
      comment: 'A provider is HTTP in, contract out: no rows, queues or credits.',
      severity: 'error',
      from: { path: '^workers/src/providers/', pathNot: '[.](test|conformance)[.]ts$' },
      to: { path: '^shared/src/', pathNot: '^shared/src/(contracts|errors|config)/' },
    },
    {
      name: 'contracts-do-no-io',
      severity: 'error',
      from: { path: '^shared/src/contracts/' },
      to: { path: '^shared/src/', pathNot: '^shared/src/contracts/' },
    },
    {
      name: 'only-workers-know-provider-sdks',
      severity: 'error',
      // The sandbox's tests ask the real SDKs whether they understand it.
      from: { pathNot: '^workers/|^sandbox/.*[.]test[.]ts$' },
      to: { path: 'node_modules/(replicate|openai)/' },
    },
    {
      name: 'tests-are-imported-by-tests-only',
      severity: 'error',
      from: { pathNot: '([.]test[.]ts|[.]conformance[.]ts|/testing/|^vitest|^devstack/|^bench/)' },
      to: { path: '^shared/src/testing/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.cjs'],
    },
  },
};
