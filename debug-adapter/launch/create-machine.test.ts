import assert from 'node:assert/strict';
import { REGISTER } from '../../emulator/registers.ts';
import { makeElf, wordsToBytes } from '../../formats/elf.testing.ts';
import { InputError } from '../../formats/input-error.ts';
import { createMachine } from './create-machine.ts';
import { describePatch } from './describe-patch.ts';
import type { FileSystem } from './file-system.ts';
import { resolveGuest, type GuestOverrides } from './resolve-guest.ts';

const MRS_R2 = 0xe10f2000;
const MRS_R2_TRAP = 0xef022000;
const kernel = (value: number, first = MRS_R2): Uint8Array =>
  makeElf({
    entry: 0xc0010000,
    sections: [
      {
        name: '.text',
        address: 0xc0010000,
        loadAddress: 0x10000,
        bytes: wordsToBytes(first, 0xe3a00000 | value, 0xeafffffe),
      },
    ],
    symbols: [{ name: '$a', value: 0xc0010000, info: 0, section: '.text' }],
  });
const image = wordsToBytes(MRS_R2, 0xe3a00007, 0xeafffffe);
const zImage = new Uint8Array(4096);
new DataView(zImage.buffer).setUint32(0x24, 0x016f2818, true);
new DataView(zImage.buffer).setUint32(0x2c, 4096, true);
const contents: Record<string, Uint8Array> = {
  elf: kernel(7),
  other: kernel(8),
  patchedElf: kernel(7, MRS_R2_TRAP),
  image,
  zImage,
};

const fs: FileSystem = {
  readFile: (path) => Promise.resolve(contents[path]),
  isDirectory: () => Promise.resolve(false),
  resolve: (_folder, path) => path,
  dirname: () => '.',
};

const create = async (file: string, overrides: GuestOverrides = {}): ReturnType<typeof createMachine> =>
  createMachine(await resolveGuest(file, { memory: '1M', ...overrides }, fs), {
    patchedNative: overrides.name === 'patched',
  });

describe('machine creation', () => {
  it('stands at the first instruction, and runs', async () => {
    const { machine, plan, patch, elf } = await create('elf', { mode: 'native' });
    assert.deepEqual([plan?.kind, elf?.entry, patch], ['elf', 0xc0010000, undefined]);
    assert.equal(machine.vcpu.readRegister(REGISTER.pc) >>> 0, 0x10000);
    assert.equal(machine.run(2), 'budget');
    assert.deepEqual(
      [REGISTER.r0, REGISTER.r2, REGISTER.pc].map((id) => machine.vcpu.readRegister(id) >>> 0),
      [7, 0xd3, 0x10008],
    );
  });

  it('patches for native mode on request', async () => {
    const { machine, patch } = await create('elf', { mode: 'native', name: 'patched' });
    assert.deepEqual(
      patch?.sites.map(({ trap }) => trap),
      [MRS_R2_TRAP],
    );
    assert.deepEqual(describePatch(patch, true), ['Paravirtualized: 1 sensitive instruction replaced by traps.']);
    machine.run(1);
    assert.equal(machine.vcpu.readRegister(REGISTER.r2) >>> 0, 0xd3);
  });

  it('loads a kernel that is patched already as it is, and says so', async () => {
    const already = 'Already paravirtualized: 0 instructions replaced, traps found: 1.';
    for (const patch of ['auto', 'off']) {
      const { machine, patchNotes } = await create('patchedElf', { patch });
      assert.deepEqual(patchNotes, [already]);
      machine.run(1);
      assert.equal(machine.vcpu.readRegister(REGISTER.r2) >>> 0, 0xd3, 'the trap reads the virtual CPSR');
    }
  });

  it('replaces nothing with patch off: no kernel needs symbols then', async () => {
    const { machine, patch, patchNotes } = await create('elf', { patch: 'off' });
    assert.equal(patch, undefined);
    assert.match(patchNotes[0], /^Not replaced: 1 sensitive instruction, /);
    machine.run(1);
    assert.equal(machine.vcpu.readRegister(REGISTER.r2) & 0x1f, 0x10, 'MRS reads the CPSR of user mode');
    for (const file of ['image', 'zImage']) {
      const created = await create(file, { patch: 'off' });
      assert.deepEqual(created.patchNotes, ['Loaded as it is, with the traps that it was built with.']);
    }
    assert.deepEqual((await create('elf', { mode: 'native', patch: 'off' })).patchNotes, []);
    await assert.rejects(create('elf', { patch: 'no' }), /"no"/);
  });

  it('gives an Image the first symbols file that matches it', async () => {
    const { elf } = await create('image', { mode: 'native', symbols: ['other', 'elf'] });
    assert.equal(elf?.name, 'elf');
    await assert.rejects(
      create('image', { mode: 'native', symbols: 'other' }),
      /image: does not match the symbols file other/,
    );
  });

  it('makes an empty machine without a kernel', async () => {
    const { machine, plan } = await createMachine(await resolveGuest(undefined, { memory: '1M' }, fs));
    assert.equal(plan, undefined);
    assert.equal(machine.vcpu.readRegister(REGISTER.pc), 0);
  });

  it('refuses lpv without mapping symbols', async () => {
    await assert.rejects(
      create('zImage'),
      (error) => error instanceof InputError && /zImage: a zImage cannot be/.test(error.message),
    );
    await assert.rejects(create('image'), /image: an Image cannot be paravirtualized without symbols/);
  });
});
