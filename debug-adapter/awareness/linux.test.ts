/** Linux of other times than the one that boots here: as old as 4.4, as new as 6.9, and damaged. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { InputError } from '../../formats/input-error.ts';
import { Awareness } from './awareness.ts';
import { compileKernel, KERNELS, type KernelImage } from './kernels.testing.ts';
import { LinuxKernel } from './linux/linux.ts';

const symbol = ({ info }: KernelImage, name: string): number => info.elf.symbols.find(name)?.address ?? 0;

function linux(image: KernelImage): LinuxKernel {
  const kernel = LinuxKernel.detect(image);
  assert.ok(kernel);
  return kernel;
}

const answer = (kernel: LinuxKernel, name: string): string => {
  const command = kernel.commands.find((candidate) => candidate.name === name);
  assert.ok(command);
  return command.run();
};

const rows = (kernel: LinuxKernel): string[] =>
  new Awareness(kernel, () => 0).tasks.tasks.map(
    ({ pid, tgid, name, state, isCurrent }) => `${pid} ${tgid} ${name} ${state}${isCurrent ? ' current' : ''}`,
  );

describe('Linux by its debug information', function () {
  this.timeout(60_000);
  const images: { old?: KernelImage | undefined; new?: KernelImage | undefined } = {};

  before(function () {
    images.old = compileKernel(KERNELS.old);
    images.new = compileKernel(KERNELS.new);
    if (!images.old || !images.new) return this.skip();
    images.old.registers['sp_svc'] = symbol(images.old, 'shell_stack') + 0x1f00;
  });

  const image = (which: keyof typeof KERNELS): KernelImage => {
    const found = images[which];
    assert.ok(found);
    return found;
  };

  it('lists tasks, with threads, by the members that the kernel has', () => {
    assert.deepEqual(rows(linux(image('old'))), [
      '0 0 swapper runnable',
      '1 1 shell sleeping current',
      '7 1 helper zombie',
    ]);
    assert.deepEqual(rows(linux(image('new'))), [
      '0 0 swapper runnable',
      '1 1 shell sleeping current',
      '7 1 helper idle',
    ]);
  });

  it('finds saved registers in the task or below its stack, and those of programs', () => {
    for (const which of ['old', 'new'] as const) {
      const kernel = linux(image(which));
      const shell = symbol(image(which), 'shell');
      const unknown = [undefined, undefined, undefined, undefined];
      const expected = [...unknown, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, undefined, 0xc0803000, undefined];
      assert.deepEqual(kernel.savedRegisters(shell), [...expected, 0xc0009104]);
      assert.deepEqual(kernel.spaceOf(shell), {
        table: symbol(image(which), 'table') - image(which).start,
        end: 0xbf000000,
      });
      assert.equal(kernel.userRegisters(symbol(image(which), 'init_task')), undefined);
    }
    // The old kernel's stack holds no program.
    assert.equal(linux(image('old')).userRegisters(symbol(image('old'), 'shell')), undefined);
    const user = linux(image('new')).userRegisters(symbol(image('new'), 'shell'));
    assert.deepEqual([user?.[13], user?.[15]], [0xbeffff00, 0x10074]);
  });

  it('reads the log in either form, over the end of its buffer', () => {
    assert.equal(
      answer(linux(image('old')), 'dmesg'),
      ['[    1.500000] first', '[    2.000001] second', '[    3.000000] third'].join('\n'),
    );
    assert.equal(
      answer(linux(image('new')), 'dmesg'),
      ['[   12.345678] two', '[   12.345678] lines', '[   12.345679] ', '[100000.000000] wrapped'].join('\n'),
    );
  });

  it('lists modules and mounts in either form', () => {
    const [old, young] = [linux(image('old')), linux(image('new'))];
    assert.deepEqual(old.modules(), [{ name: 'ext4', address: 0xbf000000, size: 0x5000, state: 'coming' }]);
    assert.deepEqual(young.modules(), [{ name: 'ext4', address: 0xbf000000, size: 0x5000, state: 'live' }]);
    assert.equal(answer(old, 'mounts'), 'rootfs / rootfs rw\ndevpts /dev/pts devpts ro');
    assert.equal(answer(young, 'mounts'), 'rootfs / rootfs ro\nnone /dev/pts devpts ro');
    assert.equal(answer(young, 'version'), 'Linux version 0.0');
  });

  it('says which member a kernel lacks', () => {
    assert.throws(() => answer(linux(image('old')), 'uname'), /this kernel has no init_uts_ns/);
  });

  it('gives numbers to tasks that hold while they live', () => {
    const { bytes, start } = image('new');
    let time = 0;
    const awareness = new Awareness(linux(image('new')), () => time);
    const first = awareness.currentId;
    const ids = awareness.tasks.tasks.map(({ id }) => id);
    assert.deepEqual(ids, [ids[0], first, ids[2]]);
    assert.equal(new Set(ids).size, 3);
    // Another task in the place of the shell.
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const pid = symbol(image('new'), 'shell') - start + pidOffset(image('new'));
    view.setUint32(pid, 99, true);
    assert.deepEqual(
      awareness.tasks.tasks.map(({ id }) => id),
      ids,
    );
    time++;
    const after = awareness.currentId;
    assert.ok(after !== undefined && !ids.includes(after));
    assert.deepEqual(
      awareness.tasks.tasks.map(({ id }) => id),
      [ids[0], after, ids[2]],
    );
    assert.equal(awareness.task(first ?? 0), undefined);
    view.setUint32(pid, 1, true);
  });

  it('survives any damage: an answer or one message, in bounded time', () => {
    for (const which of ['old', 'new'] as const) {
      const { bytes, start, info } = image(which);
      const whole = bytes.slice();
      const data = info.elf.sections.find(({ name }) => name === '.data');
      assert.ok(data);
      const from = data.address - start;
      const edits = fc.array(
        fc.record({
          at: fc.nat((data.size >> 2) - 1),
          word: fc.oneof(
            fc.nat(data.size).map((offset) => data.address + offset),
            fc.constantFrom(0, 1, 4, 0xffff_ffff, 0x7fff_ffff, 0xc000_0000),
          ),
        }),
        { minLength: 1, maxLength: 40 },
      );
      fc.assert(
        fc.property(edits, (changes) => {
          bytes.set(whole);
          const view = new DataView(bytes.buffer, bytes.byteOffset);
          for (const { at, word } of changes) view.setUint32(from + at * 4, word, true);
          const kernel = linux(image(which));
          const awareness = new Awareness(kernel, () => 0);
          const { tasks } = awareness.tasks;
          assert.ok(tasks.length < 20);
          const ask = (run: () => unknown): void => {
            try {
              run();
            } catch (error) {
              assert.ok(error instanceof InputError, String(error));
            }
          };
          for (const { address } of tasks) {
            ask(() => kernel.savedRegisters(address));
            ask(() => kernel.userRegisters(address));
            ask(() => kernel.spaceOf(address));
          }
          for (const command of kernel.commands) ask(() => command.run());
          ask(() => kernel.modules());
        }),
        { numRuns: 150 },
      );
      bytes.set(whole);
    }
  });
});

function pidOffset({ info }: KernelImage): number {
  const type = info.typeNamed('struct', 'task_struct');
  const member = type && info.membersOf(type).find(({ name }) => name === 'pid');
  return member?.offset ?? 0;
}
