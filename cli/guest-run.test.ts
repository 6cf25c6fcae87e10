import assert from 'node:assert/strict';
import { CONSOLE, fakeMachine, WORD } from '../emulator/fake-machine.testing.ts';
import { REGISTER } from '../emulator/registers.ts';
import { guestMachine, SAMPLE_GUEST } from '../test/guest-machine.ts';
import { GuestRun, type GuestRunOptions, type RunEnd } from './guest-run.ts';

const SPIN = [0xea000000, WORD.nop, 0xeafffffc];

/** Runs a program on the fake machine; r1 is the console's address, r0 what is printed by `str`. */
async function run(
  program: readonly number[],
  options: Partial<GuestRunOptions> = {},
): Promise<{ end: RunEnd; run: GuestRun; instructions: number }> {
  const { machine } = fakeMachine(program);
  machine.vcpu.writeRegister(REGISTER.r0, 0x78);
  machine.vcpu.writeRegister(REGISTER.r1, CONSOLE);
  const guestRun = new GuestRun(machine, { schedule: setImmediate, keepConsole: true, ...options });
  const end = await guestRun.start();
  return { end, run: guestRun, instructions: machine.vcpu.instructions };
}

describe('guest run', () => {
  it('ends with 0 when the guest halts', async () => {
    const { end, run: guestRun } = await run([WORD.str, WORD.str, WORD.branchToSelf]);
    assert.deepEqual([end.reason, end.exitCode, guestRun.console], ['halted', 0, 'xx']);
  });

  it('ends with 0 at the very instruction that completes the match', async () => {
    const { end, instructions } = await run([WORD.str, WORD.nop, WORD.str, ...SPIN], { until: 'xx' });
    assert.deepEqual([end.reason, end.exitCode, instructions], ['matched', 0, 3]);
  });

  it('ends with 3 at the instruction limit, exactly', async () => {
    const { end, instructions } = await run(SPIN, { maxInstructions: 1_234_567 });
    assert.deepEqual([end.reason, end.exitCode, instructions], ['max-instructions', 3, 1_234_567]);
  });

  it('ends with 3 at the time limit, also when the guest waits for ever', async () => {
    const busy = await run(SPIN, { timeoutSeconds: 0.05 });
    assert.deepEqual([busy.end.reason, busy.end.exitCode], ['timeout', 3]);
    const { machine } = fakeMachine([WORD.wfi, 0xeafffffd]);
    machine.vcpu.writeRegister(REGISTER.cpsr, 0x13);
    const end = await new GuestRun(machine, { schedule: setImmediate, timeoutSeconds: 0.05 }).start();
    assert.equal(end.reason, 'timeout');
  });

  it('ends with 1 when the kernel reaches its panic function, after its message', async () => {
    const { end, run: guestRun } = await run([WORD.nop, WORD.str, WORD.str, ...SPIN], { panicAddress: 4 });
    assert.deepEqual([end.reason, end.exitCode, guestRun.console], ['panic', 1, 'xx']);
    const halted = await run([WORD.nop, WORD.str, WORD.branchToSelf], { panicAddress: 4 });
    assert.deepEqual([halted.end.reason, halted.end.exitCode], ['panic', 1]);
  });

  it('ends with 1 when the console says "Kernel panic"', async () => {
    const { machine } = fakeMachine([WORD.nop, ...SPIN]);
    const guestRun = new GuestRun(machine, { schedule: setImmediate });
    const ended = guestRun.start();
    for (const byte of Buffer.from('KKernel panic - not syncing\n')) machine.board.serial[0].onOutput?.(byte);
    assert.equal((await ended).exitCode, 1);
  });

  it('goes on over a stop that nobody asked for', async () => {
    const { machine } = fakeMachine(SPIN);
    const guestRun = new GuestRun(machine, { schedule: setImmediate, maxInstructions: 3_000_000 });
    const ended = guestRun.start();
    setImmediate(() => guestRun.runner.pause());
    assert.equal((await ended).reason, 'max-instructions');
    assert.equal(machine.vcpu.instructions, 3_000_000);
  });

  it('leaves when asked to', async () => {
    const { machine } = fakeMachine(SPIN);
    const guestRun = new GuestRun(machine, { schedule: setImmediate });
    const ended = guestRun.start();
    setTimeout(() => guestRun.leave('left', 0, 'left by Ctrl-A X'), 10);
    assert.deepEqual([(await ended).reason, (await ended).exitCode], ['left', 0]);
  });

  it('ends with 1 when a shadow is found inconsistent', async () => {
    const { machine } = await guestMachine(SAMPLE_GUEST, 'lpv', { hypervisor: { checkShadow: true } });
    machine.run(100_000);
    const { shadow } = machine.vm.hypervisor ?? assert.fail('no hypervisor');
    // Another page than the guest's in an entry of the megabyte with the kernel's code.
    const { l1 } = shadow.walk(machine.vcpu.readRegister(REGISTER.pc), false);
    const { core } = machine.vm as unknown as { core: { hostRam: number; u32: Uint32Array } };
    const table = (core.hostRam + (l1 & 0x0fff_fc00)) >>> 2;
    const entry = core.u32.findIndex((word, i) => i >= table && word !== 0);
    assert.ok(entry < table + 256);
    core.u32[entry] ^= 0x1000;
    const end = await new GuestRun(machine, { schedule: setImmediate }).start();
    assert.deepEqual([end.reason, end.exitCode], ['error', 1]);
    assert.match(end.text, /shadow of table 0x[0-9a-f]+, privileged mode, at 0xc00[0-9a-f]+: entry 0x/);
  });
});
