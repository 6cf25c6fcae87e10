/** Translations, tables and machine state of the sample kernel, under every mode switch strategy. */
import assert from 'node:assert/strict';
import { fakeMachine } from '../../emulator/fake-machine.testing.ts';
import type { Machine } from '../../emulator/machine.ts';
import { MODE_SWITCHES } from '../../hypervisor/shadow/mode-switch.ts';
import { guestMachine, SAMPLE_GUEST } from '../../test/guest-machine.ts';
import type { ShadowState, TableRow } from '../protocol.ts';
import { readPhysicalMemory } from '../target.ts';
import { decodeLevel1, decodeLevel2 } from './descriptors.ts';
import { inspectMachine } from './machine-state.ts';
import { inspectPageTables } from './page-tables.ts';
import { describeTranslation, inspectTranslation } from './translation.ts';

/** A function of the kernel that every mode executes often, and the console's data register as the kernel maps it. */
const UART = 0xf11f_1000;

/** At the first instruction of a program. */
async function inProgram(modeSwitch: (typeof MODE_SWITCHES)[number]): Promise<Machine> {
  const guest = await guestMachine(SAMPLE_GUEST, 'lpv', { hypervisor: { modeSwitch }, input: 'run cow\n' });
  const main = guest.elf?.symbols.find('cow_main') ?? assert.fail('no cow_main');
  guest.machine.vcpu.setBreakpoints([main.address]);
  assert.equal(guest.machine.run(100_000_000), 'breakpoint');
  return guest.machine;
}

const wordAt = (machine: Machine, address: string): number =>
  new DataView(readPhysicalMemory(machine, Number(address), 4).buffer).getUint32(0, true);

describe('descriptors', () => {
  it('decode as the manual has them', () => {
    assert.deepEqual(decodeLevel1(0x1010_0c1e), {
      ...{ word: '0x10100c1e', type: 'section', domain: 0, target: '0x10100000', ap: [3], c: true, b: true },
    });
    assert.deepEqual(decodeLevel1(0x0012_3421), {
      ...{ word: '0x00123421', type: 'coarse', domain: 1, target: '0x00123400' },
    });
    assert.deepEqual(decodeLevel2(0x0000_4e4a, false), {
      ...{ word: '0x00004e4a', type: 'small', ap: [0, 1, 2, 3], c: true, b: false, target: '0x00004000' },
    });
    assert.equal(decodeLevel2(0x0000_4c33, false).type, 'reserved');
    assert.deepEqual(decodeLevel2(0x0000_4c33, true).ap, [3]);
    assert.deepEqual(decodeLevel2(0x0007_0ff1, false).target, '0x00070000');
    assert.deepEqual(decodeLevel1(0), { word: '0x00000000', type: 'fault' });
  });
});

for (const modeSwitch of MODE_SWITCHES) {
  describe(`inspection of the sample kernel, ${modeSwitch}`, () => {
    let machine: Machine;
    before(async () => {
      machine = await inProgram(modeSwitch);
    });

    it('walks the tables of the guest and the shadow of the present mode', () => {
      const pc = machine.vcpu.readRegister(15);
      const { guest, shadow, result } = inspectTranslation(machine, pc);
      assert.equal(result.user, true);
      assert.deepEqual([guest.mmu, guest.access.userRead.ok, guest.access.userWrite.ok], [true, true, false]);
      assert.deepEqual(guest.access.userWrite.fault, 'permission, page');
      for (const { address, word } of guest.steps) assert.equal(wordAt(machine, address), Number(word));
      assert.ok(shadow);
      assert.equal(shadow.strategy, modeSwitch);
      // The program is executing: its page is in the shadow, with the guest's rights.
      assert.deepEqual([shadow.user.state, shadow.user.read, shadow.user.write], ['same', true, false]);
      assert.equal(shadow.user.physicalAddress, guest.physicalAddress);
      assert.deepEqual(result, { user: true, read: 'direct', write: 'guest-fault' });
      const single = modeSwitch === 'flush' || modeSwitch === 'rewrite';
      assert.equal(shadow.privileged.served, !single);
      assert.equal(shadow.privileged.state === 'unserved', single);
    });

    it('finds devices, and what nobody maps', () => {
      const device = inspectTranslation(machine, UART, false);
      assert.deepEqual([device.guest.device, device.guest.physicalAddress], ['pl011-0', '0x101f1000']);
      assert.deepEqual(device.result, { user: false, read: 'mmio', write: 'mmio' });
      assert.equal(inspectTranslation(machine, UART, true).result.read, 'guest-fault');
      const nothing = inspectTranslation(machine, 0x5000_0000, true);
      assert.deepEqual(nothing.result, { user: true, read: 'guest-fault', write: 'guest-fault' });
      assert.equal(nothing.shadow?.user.state, 'unmapped');
      assert.match(describeTranslation(nothing), /no mapping: translation, section fault\n/);
    });

    it('lists both tables, and finds no entry that differs', () => {
      const rows: TableRow[] = [];
      for (let start: number | undefined = 0; start !== undefined;) {
        const page = inspectPageTables(machine, { megabyte: undefined, start, count: 7, used: true });
        assert.ok(page.rows.length <= 7 && page.total === 4096);
        rows.push(...page.rows);
        start = page.next;
      }
      assert.ok(rows.length > 5 && rows.every((row, i) => i === 0 || row.index > rows[i - 1].index));
      const states = new Set<ShadowState>();
      let pages = 0;
      for (const { index, shadow } of rows) {
        assert.ok(shadow);
        for (const name of ['privileged', 'user'] as const) {
          states.add(shadow[name].state);
          if (!shadow[name].entries) continue;
          const level2 = inspectPageTables(machine, { megabyte: index, start: 0, count: 1024, used: true });
          const filled = level2.rows.filter(({ shadow: cells }) => cells?.[name].descriptor?.target !== undefined);
          assert.equal(filled.length, shadow[name].entries);
          for (const row of filled) states.add(row.shadow?.[name].state ?? 'differs');
          pages += filled.length;
        }
      }
      assert.ok(pages >= 2);
      assert.ok(states.has('same') && states.has('host') && !states.has('differs'), [...states].join());
    });

    it('shows an entry that was tampered with as different', () => {
      const pc = machine.vcpu.readRegister(15);
      const { shadow } = inspectTranslation(machine, pc);
      const entry = shadow?.user.steps.at(1) ?? assert.fail('no entry');
      const { core } = machine.vm as unknown as { core: { hostRam: number; u32: Uint32Array } };
      const word = (core.hostRam + Number(entry.address) - 0xf000_0000) >>> 2;
      assert.equal(core.u32[word], Number(entry.word));
      core.u32[word] ^= 0x1000;
      try {
        assert.equal(inspectTranslation(machine, pc).shadow?.user.state, 'differs');
        const megabyte = inspectPageTables(machine, { megabyte: undefined, start: pc >>> 20, count: 1, used: false });
        assert.equal(megabyte.rows[0].shadow?.user.state, 'differs');
      } finally {
        core.u32[word] ^= 0x1000;
      }
    });

    it('shows the virtual CPU beside the physical one', () => {
      const state = inspectMachine(machine, false);
      const { physical } = state;
      assert.ok(physical);
      assert.match(state.virtual.status, / usr$/);
      assert.match(physical.status, / usr$/);
      assert.equal(state.virtual.registers['pc'], physical.registers['pc']);
      assert.notEqual(state.virtual.registers['sp_svc'], physical.registers['sp_svc']);
      const field = (cpu: typeof physical, register: string, name: string): unknown =>
        cpu.systemControl.find((entry) => entry.name === register)?.fields.find((entry) => entry.name === name)?.value;
      assert.equal(field(state.virtual, 'sctlr', 'M'), true);
      assert.notEqual(field(state.virtual, 'ttbr0', 'base'), field(physical, 'ttbr0', 'base'));
      const before = machine.board.save();
      const uart = inspectMachine(machine, false, 'pl011-0').devices;
      assert.deepEqual(
        uart.map(({ name, base }) => [name, base]),
        [['pl011-0', '0x101f1000']],
      );
      assert.ok(uart[0].registers.some(({ name, address }) => name === 'UARTFR' && address === '0x101f1018'));
      assert.deepEqual(machine.board.save(), before);
    });
  });
}

describe('inspection without a hypervisor', () => {
  it('has the guest alone', () => {
    const { machine } = fakeMachine();
    const { guest, shadow, result } = inspectTranslation(machine, 0x100);
    assert.deepEqual([guest.access.userRead.ok, shadow, result.read], [true, undefined, 'direct']);
    const { rows, shadowRoots } = inspectPageTables(machine, { megabyte: undefined, start: 0, count: 2, used: false });
    assert.deepEqual(rows, [
      { index: 0, address: '0x00000000' },
      { index: 1, address: '0x00100000' },
    ]);
    assert.equal(shadowRoots, undefined);
    assert.equal(inspectMachine(machine, true).physical, undefined);
  });
});
