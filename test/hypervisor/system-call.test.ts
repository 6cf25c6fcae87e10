/** What a null system call of the Linux guest costs, cause by cause: the check of the counters in docs/hypervisor.md. */
import assert from 'node:assert/strict';
import { createMachine } from '../../debug-adapter/launch/create-machine.ts';
import { nodeFileSystem } from '../../debug-adapter/launch/node-file-system.ts';
import { resolveGuest } from '../../debug-adapter/launch/resolve-guest.ts';
import type { Machine } from '../../emulator/machine.ts';
import { REGISTER } from '../../emulator/registers.ts';
import type { ExecutionMode } from '../../emulator/vm.ts';
import { FILE_TYPE, writeCpio } from '../../formats/cpio.ts';
import { hasLinuxGuest } from '../linux-guest.ts';
import { branch, instruction, svc } from './words.ts';

const BASE = 0x1_0000;
const HEADERS = 0x54;
const GETPPID = 64;
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
async function caller(mode: ExecutionMode): Promise<Machine> {
  const guest = await resolveGuest('guests/linux', { mode }, nodeFileSystem);
  const root = writeCpio([
    { name: 'dev', mode: FILE_TYPE.directory | 0o755, data: new Uint8Array(0) },
    { name: 'dev/console', mode: FILE_TYPE.character | 0o600, device: [5, 1], data: new Uint8Array(0) },
    { name: 'init', mode: FILE_TYPE.regular | 0o755, data: callerElf() },
  ]);
  const { machine } = await createMachine(
    { ...guest, initrd: { path: 'init.cpio', bytes: root } },
    // Plain traps: savings have fewer exits.
    { patchedNative: true, hypervisor: { savings: [] } },
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

describe('a null system call', function () {
  this.timeout(60_000);
  before(async function () {
    if (!(await hasLinuxGuest())) this.skip();
  });

  it('costs 9 exits under lpv, each of its cause, and as many instructions as natively', async () => {
    const machine = await caller('lpv');
    const native = await caller('native');
    assert.equal(machine.vcpu.instructions, native.vcpu.instructions);
    let usual = 0;
    for (let call = 0; call < 100; call++) {
      const before = machine.vm.statistics?.byCause ?? {};
      const instructions = machine.vcpu.instructions;
      nextCall(machine);
      nextCall(native);
      assert.equal(machine.vcpu.instructions, native.vcpu.instructions);
      const after = machine.vm.statistics?.byCause ?? {};
      const cost = Object.fromEntries(
        Object.entries(after)
          .map(([cause, count]) => [cause, count - (before[cause] ?? 0)] as const)
          .filter(([, count]) => count > 0),
      );
      // A timer interrupt may come between.
      if (machine.vcpu.instructions - instructions > 200) continue;
      usual++;
      assert.deepEqual(cost, {
        'guest.svc': 1,
        'user-bank.stm': 1,
        // SPSR; interrupts on, interrupts off, SPSR.
        'status.mrs': 1,
        'status.msr': 3,
        // alignment_trap compares SCTLR with its copy, and finds it as it was written.
        'cp15.control': 1,
        'user-bank.ldm': 1,
        'return.data-processing': 1,
      });
    }
    assert.ok(usual > 90, `${usual} of 100 calls met no interrupt`);
  });

  it('has causes that sum to the total', async () => {
    const { statistics } = (await caller('lpv')).vm;
    assert.ok(statistics);
    const sum = Object.values(statistics.byCause).reduce((total, count) => total + count, 0);
    assert.equal(sum, statistics.total);
    assert.ok(statistics.shadow.fills > 0 && statistics.shadow.flushes > 0);
  });
});
