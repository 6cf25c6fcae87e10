import assert from 'node:assert/strict';
import { SymbolIndex } from '../../symbols/symbol-index.ts';
import { fakeMachine } from '../../emulator/fake-machine.testing.ts';
import { guestMachine, SAMPLE_GUEST, type GuestMachine } from '../../test/guest-machine.ts';
import { CodeNames } from './code-names.ts';
import { logRow, parseCauses, registerName, reportExits } from './exits.ts';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

describe('exit reports', () => {
  let guest: GuestMachine;
  let names: CodeNames;

  before(async () => {
    guest = await guestMachine(SAMPLE_GUEST, 'lpv', { input: 'run hello\npoweroff\n' });
    assert.equal(guest.machine.run(100_000_000), 'halted');
    assert.ok(guest.elf);
    names = new CodeNames(new SymbolIndex([guest.elf]), [{ virtual: 0xc000_8000, physical: 0x8000, size: 0x2_0000 }]);
  });

  it('add up, by cause, by site and by function', () => {
    const { total, byCause, sites, functions, registers, otherExits, otherAccesses } = reportExits(
      guest.machine,
      names,
    );
    assert.ok(total > 1000);
    assert.equal(sum(byCause.map(({ count }) => count)), total);
    assert.equal(sum(sites.map(({ count }) => count)) + otherExits, total);
    assert.equal(sum(functions.map(({ count }) => count)) + otherExits, total);
    assert.equal(sum(functions.map((row) => row.sites)), sites.length);
    const mmio = byCause.filter(({ cause }) => cause.startsWith('mmio.'));
    const accesses = sum(registers.map(({ reads, writes }) => reads + writes));
    assert.equal(accesses + otherAccesses, sum(mmio.map(({ count }) => count)));
  });

  it('name code, before the MMU is on and in programs, too', () => {
    const { sites, functions } = reportExits(guest.machine, names);
    assert.ok(functions.some((row) => row.function === 'vector_svc' && row.count > 0));
    const early = sites.find(({ address }) => Number(address) < 0x2_0000 && Number(address) >= 0x8000);
    assert.match(early?.symbol ?? '', /^[a-z_]+/);
    // The same number in user mode is an address of a program.
    assert.equal(names.describe(0x8000, true), undefined);
    assert.equal(names.describe(0x8000, false), '_start');
    assert.ok(sites.some(({ user, cause }) => user && cause === 'guest.svc'));
  });

  it('come in three orders', () => {
    const { machine } = guest;
    const descending = (numbers: number[]): boolean => numbers.every((n, i) => i === 0 || n <= numbers[i - 1]);
    const byCount = reportExits(machine, names);
    for (const list of [byCount.byCause, byCount.sites, byCount.functions])
      assert.ok(descending(list.map(({ count }) => count)));
    const byHost = reportExits(machine, names, 'hostInstructions');
    for (const list of [byHost.byCause, byHost.sites, byHost.functions])
      assert.ok(descending(list.map(({ hostInstructions }) => hostInstructions)));
    const byAddress = reportExits(machine, undefined, 'address');
    for (const list of [byAddress.sites, byAddress.registers])
      assert.ok(descending(list.map(({ address }) => -Number(address))));
    assert.deepEqual(
      byAddress.functions.map((row) => row.function),
      [undefined],
    );
  });

  it('name device registers as the devices do', () => {
    const { machine } = guest;
    assert.deepEqual(registerName(machine, 0x101f_1018), {
      address: '0x101f1018',
      device: 'pl011-0',
      register: 'UARTFR',
    });
    assert.deepEqual(registerName(machine, 0x9000_0000), { address: '0x90000000' });
    const { exits } = machine.vm.hypervisor ?? assert.fail('no hypervisor');
    const rows = exits.log(exits.oldest, exits.total).map((exit) => logRow(machine, exit, names));
    const uart = rows.find(({ cause }) => cause === 'mmio.pl011-0') ?? assert.fail('no access of the console');
    assert.equal(uart.register?.device, 'pl011-0');
    assert.equal(uart.address?.slice(-3), uart.register.address.slice(-3));
    const fault = rows.find(({ cause }) => cause === 'guest.data-abort') ?? assert.fail('no data abort');
    assert.match(fault.address ?? '', /^0x[0-9a-f]{8}$/);
  });

  it('are selected by cause or group', () => {
    const { machine } = guest;
    const filter = parseCauses('mmio, shadow.fill', machine);
    assert.ok('matches' in filter);
    assert.deepEqual(
      ['mmio.pl190', 'shadow.fill', 'shadow.emulation', 'mmiox.y'].map((cause) => filter.matches(cause)),
      [true, true, false, false],
    );
    assert.deepEqual(parseCauses('mmio,nonsense', machine), { unknown: 'nonsense' });
    assert.deepEqual(parseCauses('', machine), { unknown: '' });
  });

  it('are empty without a hypervisor', () => {
    const { total, byCause, sites } = reportExits(fakeMachine().machine);
    assert.deepEqual([total, byCause, sites], [0, [], []]);
  });
});
