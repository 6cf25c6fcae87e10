/** What a null system call of the Linux guest costs, cause by cause: the check of the counters in docs/hypervisor.md. */
import assert from 'node:assert/strict';
import { createMachine } from '../../debug-adapter/launch/create-machine.ts';
import { nodeFileSystem } from '../../debug-adapter/launch/node-file-system.ts';
import { resolveGuest } from '../../debug-adapter/launch/resolve-guest.ts';
import type { Machine } from '../../emulator/machine.ts';
import { REGISTER } from '../../emulator/registers.ts';
import type { ExecutionMode } from '../../emulator/vm.ts';
import { FILE_TYPE, writeCpio } from '../../formats/cpio.ts';
import { SAVINGS, type HypervisorOptions, type Saving } from '../../hypervisor/options.ts';
import { hasLinuxGuest } from '../linux-guest.ts';
import { branch, instruction, svc } from './words.ts';

const BASE = 0x1_0000;
const HEADERS = 0x54;
const GETPPID = 64;
/** Calls that are looked at. */
const CALLS = 100;
/** Address of the system call. */
const CALL = BASE + HEADERS + 4;

/** A static ELF file of one segment: an /init that does nothing but call getppid. */
function callerElf(): Uint8Array {
  const code = [instruction('MOV_imm', { d: 7, i: GETPPID }), svc(0), branch(-1)];
  const bytes = new Uint8Array(HEADERS + code.length * 4);
  const view = new DataView(bytes.buffer);
  const put16 = (offset: number, value: number): void => {
    view.setUint16(offset, value, true);
  };
  const put32 = (offset: number, ...values: number[]): void => {
    values.forEach((value, i) => {
      view.setUint32(offset + i * 4, value, true);
    });
  };
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  put16(16, 2);
  put16(18, 40);
  put32(20, 1, BASE + HEADERS, 52, 0, 0x0500_0000);
  [52, 32, 1, 40, 0, 0].forEach((value, i) => {
    put16(40 + i * 2, value);
  });
  put32(52, 1, 0, BASE, BASE, bytes.length, bytes.length, 5, 0x1000);
  put32(HEADERS, ...code);
  return bytes;
}

/** The Linux guest with that program as its only process, standing at its system call after some rounds. */
async function caller(mode: ExecutionMode, hypervisor: HypervisorOptions = {}): Promise<Machine> {
  const guest = await resolveGuest('guests/linux', { mode }, nodeFileSystem);
  const root = writeCpio([
    { name: 'dev', mode: FILE_TYPE.directory | 0o755, data: new Uint8Array(0) },
    { name: 'dev/console', mode: FILE_TYPE.character | 0o600, device: [5, 1], data: new Uint8Array(0) },
    { name: 'init', mode: FILE_TYPE.regular | 0o755, data: callerElf() },
  ]);
  const { machine } = await createMachine(
    { ...guest, initrd: { path: 'init.cpio', bytes: root } },
    { patchedNative: true, hypervisor },
  );
  machine.vcpu.setBreakpoints([CALL]);
  for (let round = 0; round < 50; round++) nextCall(machine);
  return machine;
}

function nextCall(machine: Machine): void {
  machine.vcpu.skipBreakpointOnce();
  assert.equal(machine.run(300_000_000), 'breakpoint');
  assert.equal(machine.vcpu.readRegister(REGISTER.pc), CALL);
}

/** The plain cost of a call, by cause. */
const PLAIN = {
  'guest.svc': 1,
  'user-bank.stm': 1,
  // SPSR; interrupts on, interrupts off, SPSR.
  'status.mrs': 1,
  'status.msr': 3,
  // alignment_trap compares SCTLR with its copy, and finds it as it was written.
  'cp15.control': 1,
  'user-bank.ldm': 1,
  'return.data-processing': 1,
};

/** What a call costs with savings: exits by cause, status register accesses by the core, stubs executed. */
const TABLE: ReadonlyArray<{
  savings: readonly Saving[];
  exits: Readonly<Record<string, number>>;
  fast: number;
  stubs: number;
}> = [
  { savings: [], exits: PLAIN, fast: 0, stubs: 0 },
  // Interrupts on and off are the two accesses of CPSR.
  { savings: ['psr'], exits: { ...PLAIN, 'status.msr': 1 }, fast: 0, stubs: 2 },
  { savings: ['mmio'], exits: PLAIN, fast: 0, stubs: 0 },
  { savings: ['core'], exits: without(PLAIN, 'status.mrs', 'status.msr'), fast: 4, stubs: 0 },
  { savings: SAVINGS, exits: without(PLAIN, 'status.mrs', 'status.msr'), fast: 4, stubs: 0 },
];

function without(counts: Readonly<Record<string, number>>, ...names: readonly string[]): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([name]) => !names.includes(name)));
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

describe('a null system call', function () {
  this.timeout(60_000);
  let native: { machine: Machine; instructions: number };
  before(async function () {
    if (!(await hasLinuxGuest())) return this.skip();
    const machine = await caller('native');
    const start = machine.vcpu.instructions;
    for (let call = 0; call < CALLS; call++) nextCall(machine);
    native = { machine, instructions: machine.vcpu.instructions - start };
  });

  for (const { savings, exits, fast, stubs } of TABLE)
    it(`costs ${sum(exits)} exits under lpv, each of its cause, with savings: ${savings.join(', ') || 'none'}`, async () => {
      const machine = await caller('lpv', { savings });
      const start = machine.vcpu.instructions;
      let usual = 0;
      for (let call = 0; call < CALLS; call++) {
        const before = machine.vm.statistics ?? assert.fail('no statistics');
        const instructions = machine.vcpu.instructions;
        nextCall(machine);
        const after = machine.vm.statistics ?? assert.fail('no statistics');
        const cost = Object.fromEntries(
          Object.entries(after.byCause)
            .map(([cause, count]) => [cause, count - (before.byCause[cause] ?? 0)] as const)
            .filter(([, count]) => count > 0),
        );
        // A timer interrupt may come between.
        if (machine.vcpu.instructions - instructions > 200) continue;
        usual++;
        assert.deepEqual(cost, exits);
        assert.equal(sum(after.fastExits) - sum(before.fastExits), fast);
        assert.equal(after.stubs.executed - before.stubs.executed, stubs);
        assert.equal(after.stubs.left, before.stubs.left);
        assert.equal(after.worldSwitches - before.worldSwitches, sum(exits));
      }
      assert.ok(usual > 90, `${usual} of ${CALLS} calls met no interrupt`);
      assert.equal(machine.vcpu.instructions - start, native.instructions);
      assert.equal(machine.vcpu.instructions, native.machine.vcpu.instructions);
    });
});
