// Rebuilds the sample kernel: guests/sample/kernel.elf, from the sources beside it. Needs arm-none-eabi-gcc.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const guest = join(dirname(fileURLToPath(import.meta.url)), '..', 'guests', 'sample');
const out = join(guest, 'build');
const built = join(out, 'kernel.elf');
const committed = join(guest, 'kernel.elf');

if (spawnSync('arm-none-eabi-gcc', ['--version']).status !== 0) {
  console.error('guest:sample needs arm-none-eabi-gcc (Debian: apt-get install gcc-arm-none-eabi).');
  process.exit(2);
}
const { status } = spawnSync(join(guest, 'build.sh'), [out], { stdio: 'inherit' });
if (status !== 0) process.exit(1);
const kernel = readFileSync(built);
const same = kernel.equals(readFileSync(committed));
if (!same) writeFileSync(committed, kernel);
console.log(`guests/sample/kernel.elf ${same ? 'is what its sources give.' : 'has been replaced.'}`);
