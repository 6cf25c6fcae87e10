import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { damaged, throwsOnlyInputError } from '../../formats/fuzz.testing.ts';
import { InputError } from '../../formats/input-error.ts';
import type { FileSystem } from './file-system.ts';
import { parseGuestConfig, parseMemorySize, type GuestConfig } from './guest-config.ts';
import { nodeFileSystem } from './node-file-system.ts';
import { resolveGuest, type GuestOverrides, type ResolvedGuest } from './resolve-guest.ts';

const MB = 0x10_0000;

/** Files in memory; a folder is whatever has files below it. */
function files(contents: Record<string, string>): FileSystem {
  return {
    readFile: async (path) => {
      if (!(path in contents)) throw Object.assign(new Error('missing'), { code: 'ENOENT' });
      return new TextEncoder().encode(contents[path]);
    },
    isDirectory: async (path) => Object.keys(contents).some((name) => name.startsWith(`${path}/`)),
    resolve: (folder, path) => posix.resolve('/', folder, path),
    dirname: (path) => posix.dirname(path),
  };
}

const config = {
  name: 'Test',
  memory: '16M',
  kernel: 'Image',
  symbols: 'vmlinux',
  dtb: 'board.dtb',
  append: 'console=ttyAMA0',
  sources: { '/build': 'src' },
};
const fs = files({
  '/guest/guest.json': JSON.stringify(config),
  '/guest/Image': 'kernel',
  '/guest/vmlinux': 'elf',
  '/guest/board.dtb': 'dtb',
  '/home/me/other.elf': 'other',
  '/home/me/my.dtb': 'mine',
  '/empty/readme': '',
});

async function refuses(
  guest: string | GuestConfig | undefined,
  overrides: GuestOverrides,
  message: RegExp,
  from: FileSystem = fs,
): Promise<void> {
  await assert.rejects(resolveGuest(guest, overrides, from, '/home/me'), (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

describe('guest resolution', () => {
  it('reads a guest folder', async () => {
    const guest = await resolveGuest('../../guest', {}, fs, '/home/me');
    assert.equal(guest.name, 'Test');
    assert.equal(guest.folder, '/guest');
    assert.deepEqual(
      [guest.mode, guest.machine, guest.cpu, guest.memory, guest.clock],
      ['lpv', 'versatilepb', 'arm926', 16 * MB, 1],
    );
    assert.equal(guest.kernel?.path, '/guest/Image');
    assert.deepEqual(
      guest.symbols.map((file) => file.path),
      ['/guest/vmlinux'],
    );
    assert.equal(guest.append, 'console=ttyAMA0');
    assert.deepEqual(guest.sources, { '/build': '/guest/src' });
    assert.deepEqual(await resolveGuest('/guest/guest.json', {}, fs, '/home/me'), guest);
  });

  it('lets options win, with paths from the caller', async () => {
    const overrides = { mode: 'native', memory: '32M', dtb: 'my.dtb', append: '', name: undefined };
    const guest = await resolveGuest('/guest', overrides, fs, '/home/me');
    assert.deepEqual(
      [guest.mode, guest.memory, guest.dtb?.path, guest.append, guest.name],
      ['native', 32 * MB, '/home/me/my.dtb', '', 'Test'],
    );
  });

  it("puts the symbols of the options before the guest's own", async () => {
    const guest = await resolveGuest('/guest', { symbols: ['other.elf', '/guest/vmlinux'] }, fs, '/home/me');
    assert.deepEqual(
      guest.symbols.map((file) => file.path),
      ['/home/me/other.elf', '/guest/vmlinux'],
    );
  });

  it("drops the guest's symbols with the guest's kernel", async () => {
    const guest = await resolveGuest('/guest', { kernel: 'other.elf' }, fs, '/home/me');
    assert.deepEqual(
      [guest.kernel?.path, guest.symbols.length, guest.dtb?.path],
      ['/home/me/other.elf', 0, '/guest/board.dtb'],
    );
  });

  it('takes a kernel file, a configuration, or nothing', async () => {
    const file = await resolveGuest('other.elf', {}, fs, '/home/me');
    assert.deepEqual(
      [file.kernel?.path, file.name, file.mode, file.memory],
      ['/home/me/other.elf', 'other.elf', 'lpv', 128 * MB],
    );
    const object = await resolveGuest({ kernel: 'other.elf', symbols: ['other.elf'] }, {}, fs, '/home/me');
    assert.deepEqual([object.kernel?.path, object.symbols.length], ['/home/me/other.elf', 1]);
    const empty = await resolveGuest(undefined, {}, fs, '/home/me');
    assert.deepEqual([empty.kernel, empty.mode], [undefined, 'native']);
  });

  it('reads the Linux guest from disk', async () => {
    const guest = await resolveGuest(fileURLToPath(new URL('../../guests/linux', import.meta.url)), {}, nodeFileSystem);
    assert.deepEqual([guest.name, guest.memory, guest.append], ['Linux 6.1', 128 * MB, 'console=ttyAMA0 earlyprintk']);
    assert.ok(guest.initrd && guest.dtb && guest.kernel);
  });

  it('says what is wrong, where, and what exists', async () => {
    const guest = (text: string): FileSystem => files({ '/guest/guest.json': text, '/guest/k': 'x' });
    await refuses('/empty', {}, /^\/empty\/guest\.json: there is no such file \(the description of the guest\)/);
    await refuses('nothing.elf', {}, /^\/home\/me\/nothing\.elf: there is no such file \(the kernel\)/);
    await refuses('/guest', {}, /^\/guest\/guest\.json: not valid JSON: /, guest('{ "kernel": '));
    await refuses('/guest', {}, /a guest is described by an object/, guest('[]'));
    await refuses('/guest', {}, /"kernel" is missing/, guest('{}'));
    await refuses('/guest', {}, /unknown key "kernal"\. Did you mean "kernel"\?/, guest('{ "kernal": "k" }'));
    await refuses('/guest', {}, /"append" must be a string/, guest('{ "kernel": "k", "append": 5 }'));
    await refuses(
      '/guest',
      {},
      /guest\.json: unknown machine "versatilpb"\. Did you mean "versatilepb"\?/,
      guest('{"kernel":"k","machine":"versatilpb"}'),
    );
    await refuses('/guest', { cpu: 'cortex-a8' }, /^unknown cpu "cortex-a8"\. Possible: arm926/);
    await refuses('/guest', { mode: 'lvp' }, /unknown mode "lvp"\. Did you mean "lpv"\? Possible: native, lpv/);
    await refuses('/guest', { memory: '12 apples' }, /memory size "12 apples" is not understood/);
    await refuses('/guest', { memory: '512M' }, /536870912 bytes is not possible on versatilepb\. Give 1M to 256M/);
    await refuses('/guest', { memory: '128' }, /memory size of 128 bytes is not possible/);
    await refuses('/guest', { initrd: '/guest' }, /^\/guest: the initial RAM disk is a folder/);
  });

  it('understands sizes', () => {
    const sizes = ['128M', '128 MB', '131072K', '0x8000000', String(128 * MB), 128 * MB, '128MiB', ' 128m '];
    for (const size of sizes) assert.equal(parseMemorySize(size), 128 * MB);
    for (const size of ['', 'M', '-1M', '1.5M', '1e9', NaN, '9999999999999999G'])
      assert.throws(() => parseMemorySize(size), InputError);
  });

  it('answers damaged configurations with an InputError', async () => {
    const seed = new TextEncoder().encode(JSON.stringify(config));
    fc.assert(
      fc.property(damaged(seed), (bytes) => throwsOnlyInputError(() => parseGuestConfig(bytes, 'guest.json'))),
      { numRuns: 1000 },
    );
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        let resolved: ResolvedGuest | undefined;
        try {
          resolved = await resolveGuest(value as GuestConfig, {}, fs, '/home/me');
        } catch (error) {
          throwsOnlyInputError(() => {
            throw error;
          });
        }
        assert.ok(resolved === undefined || resolved.memory >= MB);
      }),
    );
  });
});
