/** `npm run package`: builds everything, and makes the .vsix with the licences of what it contains. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVSIX } from '@vscode/vsce';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NOTICES = 'dist/THIRD-PARTY-NOTICES.txt';
const LARGEST = 6_000_000;
/** Packages whose code is in the product although no bundle names them: the core is compiled with its library. */
const COMPILED_IN = ['assemblyscript'];

/** Folders of the packages that the bundles contain, from what esbuild has recorded of them. */
function bundledPackages() {
  const meta = join(ROOT, 'build/meta');
  const inputs = readdirSync(meta).flatMap((name) =>
    Object.keys(JSON.parse(readFileSync(join(meta, name), 'utf8')).inputs),
  );
  // The innermost node_modules: packages may bring their own versions of others.
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
  return [...new Set([...folders, ...COMPILED_IN.map((name) => `node_modules/${name}`)])].sort();
}

/** Name, version, licence and its text. Throws an error for a package that does not say under which licence it is. */
function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
  const files = readdirSync(join(ROOT, folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  if (typeof license !== 'string' || files.length === 0) throw new Error(`${folder}: no licence; it cannot be shipped`);
  const texts = files.map((file) => readFileSync(join(ROOT, folder, file), 'utf8').trim());
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
}

function writeNotices() {
  const packages = bundledPackages();
  const line = `\n${'-'.repeat(100)}\n\n`;
  const head =
    'Trapline contains code of the packages below, under their licences.\n' +
    'The included Linux has licences of its own: guests/linux/NOTICE.md.\n';
  writeFileSync(join(ROOT, NOTICES), [head, ...packages.map(noticeOf)].join(line));
  return packages.length;
}

const built = spawnSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: 'inherit' });
if (built.status !== 0 || !existsSync(join(ROOT, 'build/meta'))) process.exit(1);
const count = writeNotices();
const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const vsix = join(ROOT, 'build', `${name}-${version}.vsix`);
mkdirSync(join(ROOT, 'build'), { recursive: true });
// Everything is bundled. Images of the README are in the package, and stay where it says.
await createVSIX({
  cwd: ROOT,
  packagePath: vsix,
  dependencies: false,
  rewriteRelativeLinks: false,
  allowMissingRepository: true,
});
const { size } = statSync(vsix);
console.log(`${vsix}: ${(size / 1e6).toFixed(2)} MB, licences of ${count} packages`);
if (size > LARGEST) {
  console.error(`The package must stay under ${LARGEST / 1e6} MB: see what has grown with "unzip -lv".`);
  process.exitCode = 1;
}
