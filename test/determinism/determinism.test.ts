/**
 * A run depends on the guest's initial state and its logged input only: not on how it is sliced, paused, stepped, or
 * stopped by breakpoints and watchpoints. Each disturbed run of the Linux guest is compared with an undisturbed one at
 * the same counts, bit for bit.
 */
import assert from 'node:assert/strict';
import type { Machine } from '../../emulator/machine.ts';
import { Runner } from '../../emulator/runner.ts';
import type { ExecutionMode, Watchpoint } from '../../emulator/vm.ts';
import { Random } from '../hypervisor/random.ts';
import { hasLinuxGuest, linuxMachine, type LinuxMachine } from '../linux-guest.ts';
import { stateOf, type MachineState } from './state.ts';

/** Counts at which states are compared; the disturbances are between them. */
const POINTS = [3_000_000, 12_000_000, 20_000_000, 24_000_000];
const MODES: readonly ExecutionMode[] = ['native', 'lpv'];

/** Runs to a count exactly, whatever stops the machine on the way; returns the stops by kind. */
function runTo(machine: Machine, count: number, budget: () => number = () => Infinity): Record<string, number> {
  const stops: Record<string, number> = {};
  while (machine.vcpu.instructions < count) {
    const stop = machine.run(Math.min(budget(), count - machine.vcpu.instructions));
    stops[stop] = (stops[stop] ?? 0) + 1;
    if (stop === 'breakpoint') machine.vcpu.skipBreakpointOnce();
    else if (stop !== 'budget' && stop !== 'watchpoint' && stop !== 'requested')
      assert.fail(`the guest stopped: ${stop}`);
  }
  assert.equal(machine.vcpu.instructions, count);
  return stops;
}

describe('determinism of the Linux boot', function () {
  this.timeout(120_000);
  const undisturbed = new Map<ExecutionMode, MachineState[]>();
  const consoles = new Map<ExecutionMode, string[]>();
  let symbols: ReadonlyMap<string, number>;

  before(async function () {
    if (!(await hasLinuxGuest())) this.skip();
    for (const mode of MODES) {
      const guest = await linuxMachine(mode);
      const found = POINTS.map((count) => {
        runTo(guest.machine, count);
        return [stateOf(guest.machine), guest.console()] as const;
      });
      undisturbed.set(
        mode,
        found.map(([state]) => state),
      );
      consoles.set(
        mode,
        found.map(([, text]) => text),
      );
      const elf = guest.elf;
      assert.ok(elf);
      symbols = new Map(
        [
          'vector_swi',
          'ret_fast_syscall',
          '__dabt_svc',
          '__irq_svc',
          '__pabt_usr',
          'cpu_arm926_switch_mm',
          '_raw_spin_lock_irqsave',
        ].flatMap((name) => {
          const symbol = elf.symbols.find(name);
          return symbol ? [[name, symbol.address] as const] : [];
        }),
      );
    }
  });

  function compare(mode: ExecutionMode, point: number, guest: LinuxMachine): void {
    assert.deepEqual(stateOf(guest.machine), undisturbed.get(mode)?.[point], `${mode} at ${POINTS[point]}`);
    assert.equal(guest.console(), consoles.get(mode)?.[point]);
  }

  it('native and lpv are the same run', () => {
    assert.deepEqual(undisturbed.get('native'), undisturbed.get('lpv'));
    assert.deepEqual(consoles.get('native'), consoles.get('lpv'));
  });

  it('is the same with typed input, in any mode and in any slices', async () => {
    const input = 'cd /tmp; for i in 1 2 3; do (echo $i; ls /) | sort -r | head -n 2 > f$i; done; cat f*\n';
    const run = async (mode: ExecutionMode, budget?: () => number): Promise<unknown> => {
      const guest = await linuxMachine(mode, { input });
      runTo(guest.machine, 130_000_000, budget);
      assert.match(guest.console(), /tmp\r\nsys\r\n/);
      return [stateOf(guest.machine), guest.console(), guest.machine.input.log];
    };
    const random = new Random(3);
    const plain = await run('native');
    assert.deepEqual(await run('native'), plain);
    assert.deepEqual(await run('lpv', () => random.pick([7, 5000, 100_000, 1_000_000])), plain);
  });

  for (const mode of MODES) {
    describe(mode, () => {
      it('repeats itself', async () => {
        const guest = await linuxMachine(mode);
        POINTS.forEach((count, point) => {
          runTo(guest.machine, count);
          compare(mode, point, guest);
        });
      });

      it('is not changed by slices of random length', async () => {
        const guest = await linuxMachine(mode);
        const random = new Random(1);
        POINTS.forEach((count, point) => {
          runTo(guest.machine, count, () =>
            random.pick([1, 2, 3, random.below(50) + 1, random.below(5000) + 1, 100_000]),
          );
          compare(mode, point, guest);
        });
      });

      it('is not changed by single steps', async () => {
        const guest = await linuxMachine(mode);
        POINTS.forEach((count, point) => {
          runTo(guest.machine, count - 150_000);
          runTo(guest.machine, count, () => 1);
          compare(mode, point, guest);
        });
      });

      it('is not changed by pauses from the event loop', async () => {
        const guest = await linuxMachine(mode);
        const runner = new Runner(guest.machine, setImmediate);
        for (const [point, count] of POINTS.entries()) {
          while (guest.machine.vcpu.instructions < count) {
            await new Promise<void>((resolve) => {
              const stopped = (): void => {
                runner.onStop.delete(stopped);
                resolve();
              };
              runner.onStop.add(stopped);
              runner.resume(count - guest.machine.vcpu.instructions);
              setTimeout(() => {
                runner.pause();
              }, 3);
            });
          }
          compare(mode, point, guest);
        }
      });

      it('is not changed by breakpoints, on trap words, device accesses and exception returns too', async () => {
        const guest = await linuxMachine(mode);
        const { machine } = guest;
        const sites = guest.patch?.sites ?? [];
        const random = new Random(2);
        let hits = 0;
        const some = Array.from({ length: 60 }, () => random.pick(sites).address);
        POINTS.forEach((count, point) => {
          runTo(machine, count - 1_500_000);
          // Instructions that are really executed, device accesses among them, from a stretch that is single-stepped.
          const seen = new Set<number>();
          const devices = new Set<number>();
          let pc = 0;
          machine.onMmio = () => devices.add(pc);
          runTo(machine, machine.vcpu.instructions + 20_000, () => {
            pc = machine.vcpu.readRegister(15) >>> 0;
            seen.add(pc);
            return 1;
          });
          machine.onMmio = undefined;
          const met = [...seen].filter((_, i) => i % 37 === point);
          machine.vcpu.setBreakpoints([...new Set([...symbols.values(), ...some, ...met, ...devices])].slice(0, 1000));
          const stops = runTo(machine, count - 200_000);
          hits += stops.breakpoint ?? 0;
          machine.vcpu.setBreakpoints([]);
          runTo(machine, count);
          compare(mode, point, guest);
        });
        assert.ok(hits > 1000, `breakpoints were hit ${hits} times`);
      });

      it('is not changed by watchpoints', async () => {
        const guest = await linuxMachine(mode);
        const { machine } = guest;
        let hits = 0;
        POINTS.forEach((count, point) => {
          runTo(machine, count - 400_000);
          const sp = machine.vcpu.readRegister(13) >>> 0;
          const device = 0xf11e_2004;
          const watchpoints: Watchpoint[] = [
            { address: sp - 64, length: 16, read: true, write: true },
            { address: (sp & ~0xfff) >>> 0, length: 4096, read: false, write: true },
            { address: device, length: 4, read: true, write: true },
          ];
          machine.vcpu.setWatchpoints(watchpoints);
          const stops = runTo(machine, count - 100_000);
          hits += stops.watchpoint ?? 0;
          machine.vcpu.setWatchpoints([]);
          runTo(machine, count);
          compare(mode, point, guest);
        });
        assert.ok(hits > 1000, `watchpoints were hit ${hits} times`);
      });
    });
  }
});
