/** The layers of docs/architecture.md, as rules. test/layers.test.ts proves that each rule fires. */

/** What each layer may import of the others. */
const MAY_IMPORT = {
  isa: [],
  formats: [],
  emulator: ['isa', 'formats'],
  hypervisor: ['isa', 'formats', 'emulator'],
  symbols: ['formats'],
  'debug-adapter': ['isa', 'formats', 'emulator', 'hypervisor', 'symbols'],
  'language-server': ['isa', 'formats'],
  extension: [],
  cli: ['isa', 'formats', 'emulator', 'hypervisor', 'symbols', 'debug-adapter', 'language-server'],
};
const LAYERS = Object.keys(MAY_IMPORT);

/** Message types that a client shares with its server; the extension may import their types. */
const PROTOCOL = '^(debug-adapter|language-server)/protocol[^/]*\\.ts$';
/** Tests and what only tests import. */
const TEST_CODE = '\\.(test|testing)\\.ts$';
/** Where Node's modules may be used; everything else also runs in a browser worker. */
const NODE_CODE = `^(cli|scripts|bench|test)/|^extension/(?!views/)|/node-[^/]+\\.ts$|${TEST_CODE}`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...LAYERS.map((layer) => ({
      name: `layer-${layer}`,
      comment: `${layer}/ may import ${MAY_IMPORT[layer].join(', ') || 'no other layer'}.`,
      severity: 'error',
      from: { path: `^${layer}/` },
      to: {
        path: `^(${LAYERS.filter((other) => other !== layer && !MAY_IMPORT[layer].includes(other)).join('|')})/`,
        ...(layer === 'extension' && { pathNot: PROTOCOL }),
      },
    })),
    {
      name: 'extension-protocol-types-only',
      comment: 'The extension talks to the servers by protocol: it imports types of messages, never their code.',
      severity: 'error',
      from: { path: '^extension/', pathNot: TEST_CODE },
      to: { path: PROTOCOL, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'isa-needs-nothing',
      comment: 'The instruction table has no dependencies, not even packages.',
      severity: 'error',
      from: { path: '^isa/', pathNot: TEST_CODE },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer'] },
    },
    {
      name: 'vscode-in-extension-only',
      comment: 'Everything outside extension/ runs without an editor.',
      severity: 'error',
      from: { pathNot: '^extension/' },
      to: { path: '(^|/)(@types/)?vscode(/|$)' },
    },
    {
      name: 'node-in-entry-points-only',
      comment:
        "Node's modules are used in cli/, extension/ (but not its views), tools and node-*.ts entry points only.",
      severity: 'error',
      from: { pathNot: NODE_CODE },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-tests-in-products',
      comment: 'Code that ships does not import tests, tools or benchmarks.',
      severity: 'error',
      from: { path: `^(${LAYERS.join('|')})/`, pathNot: TEST_CODE },
      to: { path: `^(test|bench|scripts)/|${TEST_CODE}` },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that import each other are one idea in two places, or two ideas entangled.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'The imported file or package does not exist.',
      severity: 'error',
      from: { pathNot: '^extension/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    // emulator/core is AssemblyScript: it compiles alone and can import nothing outside its folder.
    exclude: { path: '^(emulator/core|build|dist|coverage|guests)/' },
    moduleSystems: ['es6', 'cjs'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'types', 'default'],
      extensions: ['.ts', '.mjs', '.cjs', '.js', '.json'],
    },
  },
};
