/**
 * The boot of the Linux guest in lockstep with QEMU, from the kernel's first instruction. Both sides get the same
 * memory and registers; QEMU's virtual clock counts instructions, as ours does. Values read from devices that depend on
 * time are taken over from QEMU, counted by address.
 */
import { createMachine } from '../../debug-adapter/launch/create-machine.ts';
import { nodeFileSystem } from '../../debug-adapter/launch/node-file-system.ts';
import { resolveGuest } from '../../debug-adapter/launch/resolve-guest.ts';
import { BUS_ERROR } from '../../emulator/bus/device.ts';
import { NativeMachine } from '../../emulator/native-vm.ts';
import { REGISTER } from '../../emulator/registers.ts';
import { Follower } from './follower.ts';
import { Oracle } from './oracle.ts';

const CPSR = 16;

export interface BootOptions {
  readonly instructions: number;
  /** Folder of the guest. */
  readonly guest: string;
  /** RAM is compared after so many instructions, and at the end. */
  readonly ramEvery: number;
  readonly progress?: (instructions: number) => void;
}

export interface BootReport {
  instructions: number;
  ramComparisons: number;
  /** Accesses to devices, and values taken over from QEMU, by address. */
  deviceAccesses: number;
  adopted: Map<string, number>;
  skips: Map<string, number>;
  differences: string[][];
}

/** Boots both and follows QEMU for so many instructions, or to the first difference. */
export async function bootLockstep(options: BootOptions): Promise<BootReport> {
  const resolved = await resolveGuest(options.guest, { mode: 'native' }, nodeFileSystem);
  const { machine, plan } = await createMachine(resolved);
  const { vm, board } = machine;
  if (!(vm instanceof NativeMachine) || !plan) throw new Error(`${options.guest} has no kernel to boot natively.`);
  const [{ size: ramSize }] = vm.slots;
  const report: BootReport = {
    ...{ instructions: 0, ramComparisons: 0, deviceAccesses: 0 },
    ...{ adopted: new Map(), skips: new Map(), differences: [] },
  };
  let lastRead: number | undefined;
  const follower = new Follower(vm, undefined, report.skips, {
    read: (address, size) => {
      report.deviceAccesses++;
      lastRead = address;
      const value = board.read(address, size, machine.now);
      return value === BUS_ERROR ? undefined : value;
    },
    write: (address, size, value) => {
      report.deviceAccesses++;
      return board.write(address, size, value, machine.now) !== BUS_ERROR;
    },
  });
  follower.expectsAnything = false;
  follower.adoptDeviceReads = () => {
    if (lastRead === undefined) return false;
    const name = `0x${lastRead.toString(16)}`;
    report.adopted.set(name, (report.adopted.get(name) ?? 0) + 1);
    lastRead = undefined;
    return true;
  };
  const oracle = await Oracle.start({ ramSize, args: ['-icount', 'shift=0,sleep=off'] });
  try {
    const ours = vm.ram(0, ramSize) ?? new Uint8Array();
    oracle.loadRam(0, ours);
    const { client } = oracle;
    await client.writeRegister(CPSR, plan.registers.cpsr);
    for (const id of [0, 1, 2]) await client.writeRegister(id, vm.vcpu.readRegister(id));
    await client.writeRegister(REGISTER.pc, plan.registers.pc);
    const theirs = new Uint8Array(ramSize);
    let alive = true;
    while (alive && report.instructions < options.instructions) {
      const end = Math.min(options.instructions, report.instructions + options.ramEvery);
      await oracle.run(() => {
        if (!alive) return 'stop';
        lastRead = undefined;
        follower.irq = board.irq;
        const result = follower.follow(oracle.record);
        if (result === 'equal') return ++report.instructions >= end ? 'stop' : 'next';
        alive = false;
        const why = result === 'ended' ? [`not comparable: ${[...report.skips.keys()].join(', ')}`] : follower.mismatch;
        report.differences.push([`instruction ${report.instructions}`, ...why]);
        return 'stop';
      });
      options.progress?.(report.instructions);
      if (!alive || follower.follow(await client.readRegisters()) !== 'equal') break;
      oracle.readRam(theirs);
      report.ramComparisons++;
      if (Buffer.compare(ours, theirs) !== 0) {
        const at = ours.findIndex((byte, i) => byte !== theirs[i]);
        report.differences.push([`RAM at 0x${at.toString(16)} after instruction ${report.instructions}`]);
        alive = false;
      }
    }
    return report;
  } finally {
    await oracle.stop();
  }
}
