/**
 * Builds everything that is generated: decode tables, the WebAssembly core, and the bundles in dist/.
 * A step runs only when a file that it reads has changed since its last run. `npm run build -- --force` runs them all.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STAMPS = join(ROOT, 'build/stamps.json');
const CORE_WASM = 'build/core.wasm';
const CORE_MODULE = 'emulator/generated/core-wasm.ts';
const LAYERS = ['isa', 'formats', 'emulator', 'hypervisor', 'symbols', 'debug-adapter', 'language-server'];

/** What esbuild makes: one self-contained file for each way to start the project. */
const BUNDLES = [
  {
    entry: 'cli/main.ts',
    outfile: 'dist/cli.js',
    format: 'esm',
    // Packages in CommonJS format call require(), which an ES module does not have.
    banner:
      "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
    executable: true,
  },
  // The extension host loads CommonJS; .cjs, because this package is of type "module".
  { entry: 'extension/extension.ts', outfile: 'dist/extension.cjs', format: 'cjs', external: ['vscode'], minify: true },
  {
    entry: 'extension/web-extension.ts',
    outfile: 'dist/web-extension.cjs',
    format: 'cjs',
    external: ['vscode'],
    minify: true,
    browser: true,
  },
  { entry: 'debug-adapter/worker-main.ts', outfile: 'dist/dap-worker.js', format: 'iife', minify: true, browser: true },
  { entry: 'language-server/worker-main.ts', outfile: 'dist/lsp-worker.js', format: 'iife', minify: true, browser: true },
];

/** What the extension can copy into a workspace, and packages with itself. */
const GUEST_FILES = 'dist/guest-files.json';
/** What is left out: the recipe of Linux is of no use without the rest of this repository. */
const GUESTS = {
  sample: /^build$/,
  linux: /^(build.*|SHA256SUMS|guest\.fragment|kernel\.config)$/,
};

/** The adapter's package also has servers for processes, which a browser neither has nor uses. */
const WITHOUT_NODE = {
  name: 'without-node',
  setup(build) {
    build.onResolve({ filter: /^(fs|net|path|url)$/ }, ({ path }) => ({ path, namespace: 'without-node' }));
    build.onLoad({ filter: /.*/, namespace: 'without-node' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** Every step in order; `inputs` are files or folders, `outputs` are files. */
const STEPS = [
  {
    name: 'decode tables',
    inputs: ['isa', 'scripts/generate-isa.ts'],
    outputs: ['emulator/core/generated/rows.ts', 'emulator/core/generated/decode-tables.ts'],
    run: () => runNode('tsx', ['scripts/generate-isa.ts']),
  },
  {
    name: 'memory layout',
    when: () => existsSync(join(ROOT, 'scripts/generate-layout.ts')),
    inputs: ['emulator', 'scripts/generate-layout.ts'],
    outputs: [],
    run: () => runNode('tsx', ['scripts/generate-layout.ts']),
  },
  {
    name: 'interpreter',
    inputs: ['emulator/core', 'scripts/generate-interpreter.ts'],
    outputs: ['emulator/core/generated/run.ts'],
    run: () => runNode('tsx', ['scripts/generate-interpreter.ts']),
  },
  {
    name: 'WebAssembly core',
    when: () => existsSync(join(ROOT, 'emulator/core/asconfig.json')),
    inputs: ['emulator/core'],
    includeGenerated: true,
    outputs: [CORE_WASM, CORE_MODULE],
    run: compileCore,
  },
  {
    name: GUEST_FILES,
    inputs: Object.keys(GUESTS).map((guest) => `guests/${guest}`),
    outputs: [GUEST_FILES],
    run: () => {
      const lists = Object.entries(GUESTS).map(([guest, without]) => [guest, [...listGuest(`guests/${guest}`, without)]]);
      writeAtomically(join(ROOT, GUEST_FILES), JSON.stringify(Object.fromEntries(lists), undefined, 1));
    },
  },
  ...BUNDLES.map((bundle) => ({
    name: bundle.outfile,
    when: () => existsSync(join(ROOT, bundle.entry)),
    inputs: [...LAYERS, dirname(bundle.entry), 'package.json'],
    includeGenerated: true,
    outputs: [bundle.outfile],
    run: () => makeBundle(bundle),
  })),
];

/** A step failed; its own output has been shown. */
class StepError extends Error {}

/** Runs a package's command with this Node, without a shell in between. */
function runNode(packageName, args) {
  const folder = join(ROOT, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const script = typeof bin === 'string' ? bin : Object.values(bin)[0];
  const { status, error } = spawnSync(process.execPath, [join(folder, script), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0)
    throw new StepError(error?.message ?? `${packageName} ${args.join(' ')} ended with exit code ${status}`);
}

/** Compiles the AssemblyScript core, and writes it as a module too, which loads alike in Node and in a browser. */
function compileCore() {
  mkdirSync(join(ROOT, dirname(CORE_WASM)), { recursive: true });
  runNode('assemblyscript', [
    'emulator/core/index.ts',
    '--config',
    'emulator/core/asconfig.json',
    '--target',
    'release',
  ]);
  const wasm = join(ROOT, CORE_WASM);
  if (!existsSync(wasm)) throw new StepError(`emulator/core/asconfig.json: target "release" must write ${CORE_WASM}`);
  writeAtomically(
    join(ROOT, CORE_MODULE),
    '// Generated by scripts/build.mjs from emulator/core/. Do not edit.\n\n' +
      '/** The execution core, a WebAssembly module. */\n' +
      `export const CORE_WASM_BASE64 =\n  '${readFileSync(wasm).toString('base64')}';\n`,
  );
}

/** Paths of the files of a guest, relative to its folder, without what only its recipe needs. */
function* listGuest(folder, without, inside = '') {
  for (const entry of readdirSync(join(ROOT, folder, inside), { withFileTypes: true })) {
    if (without.test(entry.name)) continue;
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory()) yield* listGuest(folder, without, path);
    else yield path;
  }
}

async function makeBundle(bundle) {
  const { entry, outfile, format, banner = '', external = [], executable = false, browser = false } = bundle;
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    format,
    external,
    bundle: true,
    minify: bundle.minify ?? false,
    platform: browser ? 'browser' : 'node',
    target: browser ? 'es2022' : 'node20',
    // Which files of a package are taken when it has several; the adapter's package has none for browsers.
    ...(browser && { mainFields: ['browser', 'module', 'main'], plugins: [WITHOUT_NODE] }),
    write: false,
    logLevel: 'warning',
    legalComments: 'none',
    banner: { js: banner },
  }).catch(() => {
    throw new StepError(`esbuild could not bundle ${entry}`);
  });
  for (const file of outputFiles) writeAtomically(file.path, file.contents, executable ? 0o755 : 0o644);
}

/** Writes a file so that a concurrent reader sees the old or the new one, never a part. */
function writeAtomically(path, contents, mode = 0o644) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents, { mode });
  renameSync(temporary, path);
}

/** Name, time and size of every source file under a path, without tests and, unless asked for, generated files. */
function* listInputs(path, includeGenerated) {
  const full = join(ROOT, path);
  const stat = statSync(full, { throwIfNoEntry: false });
  if (!stat) return;
  if (stat.isFile()) {
    if (!path.endsWith('.test.ts') && !path.endsWith('.md')) yield `${path} ${stat.mtimeMs} ${stat.size}`;
    return;
  }
  if (path.endsWith('generated') && !includeGenerated) return;
  for (const name of readdirSync(full).sort()) yield* listInputs(join(path, name), includeGenerated);
}

function digest(step) {
  const self = relative(ROOT, fileURLToPath(import.meta.url));
  return [self, ...step.inputs].flatMap((path) => [...listInputs(path, step.includeGenerated ?? false)]).join('\n');
}

function readStamps() {
  try {
    return JSON.parse(readFileSync(STAMPS, 'utf8'));
  } catch {
    return {};
  }
}

async function main(args) {
  const force = args.includes('--force');
  const stamps = readStamps();
  for (const step of STEPS) {
    if (step.when && !step.when()) continue;
    const before = digest(step);
    const complete = step.outputs.every((path) => existsSync(join(ROOT, path)));
    if (!force && complete && stamps[step.name] === before) continue;
    const start = performance.now();
    await step.run();
    stamps[step.name] = before;
    writeAtomically(STAMPS, JSON.stringify(stamps, undefined, 1));
    process.stderr.write(`built ${step.name} in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  process.stderr.write(`Build failed: ${error.message}\n`);
  process.exit(1);
}
