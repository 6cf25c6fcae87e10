/**
 * The sample kernel built from patched sources is, word for word, its ELF file patched; it runs under the hypervisor
 * with nothing replaced while it is loaded.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ElfFile } from '../../formats/elf.ts';
import { comparePatched } from '../../hypervisor/compare-patched.ts';
import { findSensitiveSites, patchElf } from '../../hypervisor/patch.ts';
import { SUPPORT_FILE } from '../../language-server/rules/support-file.ts';
import { guestMachine, SAMPLE_GUEST, type GuestMachine } from '../guest-machine.ts';
import { SELFTEST_OK, typed } from './session.ts';

const SAMPLE = fileURLToPath(new URL('../../guests/sample', import.meta.url));
const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const LIMIT = 1_000_000_000;

/** All sources of a folder, by name. */
const snapshot = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

describe('the sample kernel from patched sources', function () {
  this.timeout(60_000);
  let folder: string;
  let plain: ElfFile;
  let patched: ElfFile;

  const trapline = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, ['--import', 'tsx', MAIN, ...args], { encoding: 'utf8' });

  function build(out: string, flags = ''): ElfFile {
    execFileSync(join(folder, 'build.sh'), [join(folder, out)], { env: { ...process.env, CFLAGS: flags } });
    return new ElfFile(new Uint8Array(readFileSync(join(folder, out, 'kernel.elf'))), out);
  }

  async function run(kernel: string, patch: 'auto' | 'off'): Promise<GuestMachine & { stop: string }> {
    const config = { ...(JSON.parse(readFileSync(join(SAMPLE, 'guest.json'), 'utf8')) as object), kernel, patch };
    writeFileSync(join(folder, 'guest.json'), JSON.stringify(config));
    const guest = await guestMachine(folder, 'lpv', { input: typed() });
    return { ...guest, stop: guest.machine.run(LIMIT) };
  }

  before(function () {
    if (spawnSync('arm-none-eabi-gcc', ['--version']).status !== 0) return this.skip();
    folder = mkdtempSync(join(tmpdir(), 'patched-'));
    for (const name of ['kernel', 'user', 'kernel.ld', 'build.sh'])
      cpSync(join(SAMPLE, name), join(folder, name), { recursive: true });
    plain = build('plain');
    assert.equal(trapline('patch', join(folder, 'kernel')).status, 0);
    patched = build('patched', `-include ${SUPPORT_FILE}`);
  });
  after(() => {
    if (folder) rmSync(folder, { recursive: true });
  });

  it('is word for word what the ELF way makes, in sections of the same size', () => {
    const { sites } = findSensitiveSites(plain);
    assert.ok(sites.length > 50, `${sites.length} sites`);
    assert.deepEqual(findSensitiveSites(patched).sites, []);
    const comparison = comparePatched(plain, patched);
    assert.deepEqual(
      comparison.sections.filter(
        ({ plainSize, patchedSize, differences }) => plainSize !== patchedSize || differences > 0,
      ),
      [],
    );
    assert.deepEqual([comparison.equal, comparison.sites, comparison.traps], [true, sites.length, sites.length]);
  });

  it('has the same symbols: computed traps leave none behind', () => {
    const names = (elf: ElfFile): string[] =>
      Array.from({ length: elf.symbols.count }, (_, i) => {
        const { name, address } = elf.symbols.symbol(i);
        return `${address} ${name}`;
      });
    assert.ok(plain.symbols.count > 300);
    assert.deepEqual(names(patched), names(plain));
  });

  it('is verified against its unpatched build on the command line', () => {
    const file = (out: string): string => join(folder, out, 'kernel.elf');
    const same = trapline('verify', file('patched'), '--against', file('plain'));
    assert.equal(same.status, 0);
    assert.match(same.stdout, /: 0 sensitive instructions left\n/);
    assert.match(same.stdout, /^\.text +(\d+) +\1 +\d+$/m);
    const count = findSensitiveSites(plain).sites.length;
    assert.match(same.stdout, new RegExp(`^${count} of ${count} traps are equal; equal: `, 'm'));
    const other = trapline('verify', file('plain'), '--against', file('plain'));
    assert.equal(other.status, 1);
    assert.match(other.stdout, /^0 of \d+ traps are equal; DIFFERENT/m);
  });

  it('runs under the hypervisor as it is, with the exits of the ELF way', async () => {
    const elfWay = await run('plain/kernel.elf', 'auto');
    assert.match(elfWay.patchNotes[0], /^Paravirtualized: \d+ sensitive instructions replaced by traps\.$/);
    for (const patch of ['off', 'auto'] as const) {
      const sourceWay = await run('patched/kernel.elf', patch);
      assert.match(sourceWay.patchNotes[0], /^Already paravirtualized: 0 instructions replaced, traps found: \d+\.$/);
      assert.equal(sourceWay.stop, 'halted');
      assert.match(sourceWay.console(), SELFTEST_OK);
      assert.equal(sourceWay.console(), elfWay.console());
      assert.equal(sourceWay.machine.vcpu.instructions, elfWay.machine.vcpu.instructions);
      assert.deepEqual(sourceWay.machine.vm.statistics?.byCause, elfWay.machine.vm.statistics?.byCause);
    }
  });

  it('is what the included file gives when that is patched', async () => {
    const included = new ElfFile(new Uint8Array(readFileSync(join(SAMPLE, 'kernel.elf'))), 'kernel.elf');
    const guest = await guestMachine(SAMPLE_GUEST, 'lpv', { input: typed() });
    assert.equal(guest.patch?.sites.length, findSensitiveSites(included).sites.length);
    const again = findSensitiveSites(new ElfFile(patchElf(included, guest.patch.sites), 'patched'));
    assert.deepEqual(again.sites, []);
  });

  it('is taken back byte for byte', () => {
    const kernel = join(folder, 'kernel');
    const once = snapshot(kernel);
    assert.equal(trapline('patch', kernel).status, 0);
    assert.deepEqual(snapshot(kernel), once, 'a second run changes nothing');
    assert.equal(trapline('patch', kernel, '--restore').status, 0);
    assert.deepEqual(snapshot(kernel), snapshot(join(SAMPLE, 'kernel')));
  });
});
