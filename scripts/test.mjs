/**
 * `npm test`: installs what it needs, builds, checks and tests everything, and closes with the counts.
 * `npm test -- FILE...` runs the tests of these files only. Starts on a bare machine: no imports but Node's and our own.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ensureDebianPackages } from './debian-packages.mjs';
import { ensureInstalled, ROOT } from './install.mjs';

/** What is checked besides the tests: a name, a package and the arguments of its command. */
const CHECKS = [
  { name: 'format (prettier)', bin: 'prettier/bin/prettier.cjs', args: ['--check', '--log-level=warn', '.'] },
  { name: 'types (tsc)', bin: 'typescript/bin/tsc', args: ['--noEmit'] },
  { name: 'types of the views (tsc)', bin: 'typescript/bin/tsc', args: ['--noEmit', '-p', 'extension/views'] },
  { name: 'lint (eslint)', bin: 'eslint/bin/eslint.js', args: ['--max-warnings=0', '.'] },
  {
    name: 'layers (dependency-cruiser)',
    bin: 'dependency-cruiser/bin/dependency-cruise.mjs',
    args: ['--config', '.dependency-cruiser.cjs', '--output-type', 'err-long', '.'],
  },
  { name: 'dead code (knip)', bin: 'knip/bin/knip.js', args: ['--no-progress'] },
];

const counts = { passed: 0, failed: 0, skipped: 0 };

/** Runs Node with arguments; resolves with its exit code and, if captured, what it has printed. */
function run(args, { capture = false, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: ['ignore', capture ? 'pipe' : 'inherit', capture ? 'pipe' : 'inherit'],
      env: { ...process.env, ...env },
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

async function check(name, args) {
  const start = performance.now();
  const { code, output } = await run(args, { capture: true });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`  ${code === 0 ? '✔' : '✘'} ${name} (${seconds} s)`);
  if (code !== 0) console.log(output.trimEnd());
  counts[code === 0 ? 'passed' : 'failed']++;
  return code === 0;
}

/** Runs tasks, two at a time where there are two processors. */
async function inParallel(tasks) {
  const queue = [...tasks];
  const worker = async () => {
    for (let task = queue.shift(); task; task = queue.shift()) await task();
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
}

const NO_TESTS_IN = new Set(['node_modules', 'build', 'dist', 'coverage', 'guests']);

function findTests(ending, folder = '') {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return entry.name.startsWith('.') || NO_TESTS_IN.has(entry.name) ? [] : findTests(ending, path);
    return path.endsWith(ending) ? [path] : [];
  });
}

async function runMocha(files, onlyThese) {
  const countsFile = join(ROOT, 'build/test-counts.json');
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  rmSync(countsFile, { force: true });
  const parallel = onlyThese ? [] : ['--parallel', '--jobs', String(Math.min(2, availableParallelism()))];
  const { code } = await run(
    ['node_modules/mocha/bin/mocha.js', '--reporter', 'scripts/mocha-reporter.cjs', ...parallel, ...files],
    { env: { TEST_COUNTS: countsFile } },
  );
  let result;
  try {
    result = JSON.parse(readFileSync(countsFile, 'utf8'));
  } catch {
    console.log(`✘ mocha ended with exit code ${code} before its tests did`);
    result = { passed: 0, failed: 1, skipped: 0 };
  }
  for (const key of Object.keys(counts)) counts[key] += result[key];
  if (code !== 0 && result.failed === 0) {
    console.log(`✘ mocha ended with exit code ${code} though no test failed`);
    counts.failed++;
  }
}

async function main(files) {
  ensureInstalled();
  const missing = ensureDebianPackages();
  console.log('\n  Checks');
  const built = await check('build', ['scripts/build.mjs']);
  if (files.length === 0) {
    await inParallel(
      CHECKS.map(
        ({ name, bin, args }) =>
          () =>
            check(name, [join('node_modules', bin), ...args]),
      ),
    );
  }
  if (built && files.length > 0) await runMocha(files, true);
  else if (built) {
    await runMocha(findTests('.test.ts'), false);
    // Each has an editor and a browser to itself.
    await runMocha(findTests('.editor.ts'), true);
  } else console.log('✘ tests not run: the build failed');
  if (missing.length > 0)
    console.log(`Not installed, so what needs them was skipped: ${missing.join(' ')} (apt-get install them)`);
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

await main(process.argv.slice(2));
