/**
 * Our core behind QEMU: for each record of registers before an instruction, compare, then execute that instruction.
 * A second core, the shadow, executes the same in long runs, so that what depends on leaving the interpreter's loop
 * after each instruction cannot hide anything.
 */
import { LAYOUT as L } from '../../emulator/layout.ts';
import { type NativeMachine } from '../../emulator/native-vm.ts';
import { REGISTER } from '../../emulator/registers.ts';
import { ExitReason } from '../../emulator/vm.ts';
import { disassemble } from '../../isa/disassemble.ts';
import { ARCH } from './generator.ts';
import {
  CPSR_DEFINED,
  DEVICE_ACCESS,
  DIFFERENCES,
  type Difference,
  OUTSIDE_RAM,
  REPEATED_RECORD,
  type Step,
} from './differences.ts';
import { decodeInstruction, type Instruction } from './instruction.ts';
import { RECORD_REGISTERS } from './oracle.ts';

const CPSR = 16;
const T = 0x20;
const STATE_BITS = 0x3f;
const DEVICES = 0x1000_0000;
/** Exceptions that QEMU takes without logging the state before them, in a row. */
const SILENT_LIMIT = 4;
/** How often QEMU may be interrupted before the same instruction. */
const REPEATS = 2;
const PAGE_CACHE_BITS = 10;
/** Instructions shown before a difference. */
const HISTORY = 24;

/** Answers device reads; undefined when the run cannot go on. */
export type DeviceRead = (address: number, size: 1 | 2 | 4) => number | undefined;
export type DeviceWrite = (address: number, size: 1 | 2 | 4, value: number) => boolean;

/** Devices of a machine without any: memory that is not there reads as zero, as on QEMU's board. */
export const NO_DEVICES = {
  read: (address: number): number | undefined => (address < DEVICES ? 0 : undefined),
  write: (address: number): boolean => address < DEVICES,
};

export interface Devices {
  readonly read: DeviceRead;
  readonly write: DeviceWrite;
}

/** How following a record went. `ended`: a listed difference; `different`: see `mismatch`. */
export type FollowResult = 'equal' | 'ended' | 'different';

export class Follower {
  readonly machine: NativeMachine;
  readonly shadow: NativeMachine | undefined;
  /** How often each listed difference applied, by name. */
  readonly skips: Map<string, number>;
  mismatch: string[] = [];
  /** Asked about a difference that nothing accounts for: whether a device was read, whose value is then QEMU's. */
  adoptDeviceReads: (() => boolean) | undefined;
  /** Names of the rows executed. */
  readonly rows = new Set<string>();
  /** Off for code that is known to stay within the architecture: whatever it does is compared. */
  expectsAnything = true;
  irq = false;
  fiq = false;
  private readonly devices: Devices;
  private readonly before = new Uint32Array(RECORD_REGISTERS);
  private readonly ours = new Uint32Array(RECORD_REGISTERS);
  /** The instruction executed last; its outcome is compared with the next record. */
  private last: Instruction | undefined;
  private lastSctlr = 0;
  private lastSpsr = 0;
  private adopting = false;
  /** The instruction at PC, compared, has not been executed yet. */
  private pending = false;
  private repeats = 0;
  private shadowLag = 0;
  private readonly pages = new Map<number, number>();
  private readonly history: string[] = [];

  constructor(
    machine: NativeMachine,
    shadow: NativeMachine | undefined,
    skips: Map<string, number>,
    devices: Devices = NO_DEVICES,
  ) {
    this.machine = machine;
    this.shadow = shadow;
    this.skips = skips;
    this.devices = devices;
  }

  /** Forgets the last instruction and cached translations: registers or memory were changed from outside. */
  restart(): void {
    this.last = undefined;
    this.adopting = false;
    this.pending = false;
    this.repeats = 0;
    this.pages.clear();
    this.history.length = 0;
    for (const machine of this.both()) {
      machine.vcpu.setIrq(this.irq);
      machine.vcpu.setFiq(this.fiq);
    }
  }

  /**
   * Takes the registers before an instruction, or after the last one: executes what QEMU has executed since the record
   * before it, and compares.
   */
  follow(record: Uint32Array): FollowResult {
    if (this.pending) {
      // A record that comes again: QEMU was interrupted before it executed the instruction, or it is in a loop that
      // leads back to the same registers, with banked ones that may differ.
      if (!this.differs(record)) {
        if (++this.repeats <= REPEATS) return 'equal';
        this.count(REPEATED_RECORD.name);
        return 'ended';
      }
      this.pending = false;
      this.repeats = 0;
      const result = this.step();
      if (result !== 'equal') return result;
    }
    const result = this.compare(record);
    this.pending = result === 'equal';
    return result;
  }

  /** Compares with the registers before an instruction. */
  private compare(record: Uint32Array): FollowResult {
    this.readOurs();
    for (let silent = 0; this.differs(record) && silent < SILENT_LIMIT && this.isSilent(); silent++) {
      if (!this.execute()) return 'ended';
      this.readOurs();
    }
    if (!this.differs(record)) {
      if (this.adopting) this.adopting = false;
      return 'equal';
    }
    return this.explain(record);
  }

  /** Executes the instruction at PC, after `compare` found equality. */
  private step(): FollowResult {
    const instruction = this.fetch();
    if (!instruction) return 'ended';
    this.before.set(this.ours);
    this.last = instruction;
    this.lastSctlr = this.machine.core.get(L.CPU_PHYS + L.C_SCTLR);
    this.lastSpsr = this.machine.vcpu.readRegister(REGISTER.spsr);
    const step = this.stepFor(this.ours);
    for (const difference of DIFFERENCES) {
      if (!this.expectsAnything || difference.when !== 'before' || !difference.applies(step)) continue;
      this.count(difference.name);
      if (difference.effect === 'end') {
        // Whatever it does, it must not bring the core down.
        this.execute();
        return 'ended';
      }
      this.adopting = true;
    }
    this.note(instruction);
    this.rows.add(instruction.name);
    if (!this.execute()) return 'ended';
    // QEMU takes a BL pair as one instruction.
    if (instruction.thumb && instruction.size === 4 && !this.atPair() && !this.execute()) return 'ended';
    if (instruction.name === 'MCR') this.pages.clear();
    return 'equal';
  }

  /** Lets the shadow catch up and compares it with the stepped core. Undefined when they are equal. */
  shadowDifference(): string | undefined {
    this.catchUp();
    const { machine, shadow } = this;
    if (!shadow) return undefined;
    for (let id = 0; id < REGISTER.itcm_region; id++) {
      const a = machine.vcpu.readRegister(id);
      const b = shadow.vcpu.readRegister(id);
      if (a !== b) return `register ${id}: single steps 0x${hex(a)}, long run 0x${hex(b)}`;
    }
    if (machine.vcpu.instructions !== shadow.vcpu.instructions) return 'instruction counts';
    for (const { base, size } of machine.slots) {
      const a = machine.ram(base, size);
      const b = shadow.ram(base, size);
      if (a && b && Buffer.compare(a, b) !== 0) return 'RAM';
    }
    return undefined;
  }

  /** Writes RAM of both machines. */
  writeRam(address: number, bytes: Uint8Array): void {
    this.catchUp();
    for (const machine of this.both()) {
      machine.ram(address, bytes.length)?.set(bytes);
      machine.vcpu.memoryChanged(address, bytes.length);
    }
  }

  /** Resets both cores. */
  reset(): void {
    this.shadowLag = 0;
    for (const { vcpu } of this.both()) vcpu.reset();
    this.restart();
  }

  /** Writes a register of both cores. */
  writeRegister(id: number, value: number): void {
    this.catchUp();
    for (const { vcpu } of this.both()) vcpu.writeRegister(id, value);
  }

  /** Both cores: the stepped one and the shadow. */
  private both(): NativeMachine[] {
    return this.shadow ? [this.machine, this.shadow] : [this.machine];
  }

  count(name: string): void {
    this.skips.set(name, (this.skips.get(name) ?? 0) + 1);
  }

  private stepFor(theirs: Uint32Array): Step {
    if (!this.last) throw new Error('There is no instruction to judge.');
    const { before, ours, lastSctlr: sctlr, lastSpsr: spsr } = this;
    return { instruction: this.last, before, sctlr, spsr, ours, theirs };
  }

  private readOurs(): void {
    const { core } = this.machine;
    for (let i = 0; i < 16; i++) this.ours[i] = core.u32[(L.REGS >>> 2) + i];
    this.ours[CPSR] = core.exports.cpsr();
  }

  private differs(record: Uint32Array): boolean {
    const { ours } = this;
    for (let i = 0; i < 16; i++) if (ours[i] !== record[i]) return true;
    return ((ours[CPSR] ^ record[CPSR]) & CPSR_DEFINED) !== 0;
  }

  /** Whether our next step is an exception entry that QEMU makes without executing anything. */
  private isSilent(): boolean {
    const cpsr = this.ours[CPSR];
    if ((this.irq && !(cpsr & 0x80)) || (this.fiq && !(cpsr & 0x40))) return true;
    const { fault } = this.machine.vcpu.translate(this.ours[15]);
    return ((cpsr & 0x1f) === 0x10 ? fault.userRead : fault.privilegedRead) !== 0;
  }

  private atPair(): boolean {
    return this.machine.core.u32[(L.REGS >>> 2) + 15] !== this.ours[15] + 2;
  }

  /** One instruction or exception entry. False when it needs a device that cannot be compared. */
  private execute(): boolean {
    const { vcpu } = this.machine;
    for (;;) {
      const reason = vcpu.run(1);
      if (reason === ExitReason.Budget || reason === ExitReason.Wfi) {
        this.shadowLag++;
        return true;
      }
      if (reason === ExitReason.Halted) return true;
      if (!this.answer(this.machine, reason)) {
        this.count(DEVICE_ACCESS.name);
        return false;
      }
    }
  }

  private answer({ vcpu }: NativeMachine, reason: ExitReason): boolean {
    const { address, size, data } = vcpu.exit;
    if (reason === ExitReason.MmioRead) {
      const value = this.devices.read(address, size);
      if (value === undefined) return false;
      vcpu.completeMmio(value);
      return true;
    }
    if (reason !== ExitReason.MmioWrite) throw new Error(`The core stopped for reason ${reason}.`);
    if (!this.devices.write(address, size, data)) return false;
    vcpu.completeMmio(0);
    return true;
  }

  private catchUp(): void {
    const { shadow } = this;
    if (!shadow) {
      this.shadowLag = 0;
      return;
    }
    const end = shadow.vcpu.instructions + this.shadowLag;
    this.shadowLag = 0;
    while (shadow.vcpu.instructions < end) {
      const reason = shadow.vcpu.run(end - shadow.vcpu.instructions);
      if (reason === ExitReason.Budget || reason === ExitReason.Wfi) continue;
      if (reason === ExitReason.Halted || !this.answer(shadow, reason)) return;
    }
  }

  /** The instruction at PC, where `compare` has found that QEMU executes one. Undefined where it cannot be compared. */
  private fetch(): Instruction | undefined {
    const pc = this.ours[15];
    const thumb = (this.ours[CPSR] & T) !== 0;
    let page = this.pages.get(pc >>> PAGE_CACHE_BITS);
    if (page === undefined) {
      const { physicalAddress: physical } = this.machine.vcpu.translate(pc);
      if (physical === undefined || !this.machine.ram(physical & ~3, 4)) {
        this.count(OUTSIDE_RAM.name);
        return undefined;
      }
      page = (physical >>> PAGE_CACHE_BITS) << PAGE_CACHE_BITS;
      this.pages.set(pc >>> PAGE_CACHE_BITS, page);
    }
    const offset = pc & ((1 << PAGE_CACHE_BITS) - 1);
    const { core } = this.machine;
    const address = core.ramAddress(page, 1 << PAGE_CACHE_BITS);
    if (address === undefined) return undefined;
    if (!thumb) return decodeInstruction(core.get(address + offset), false);
    const half = core.u8[address + offset] | (core.u8[address + offset + 1] << 8);
    // The suffix of a pair is looked for on the same 1 KB page only, as QEMU does.
    const last = offset + 2 >= 1 << PAGE_CACHE_BITS;
    const next = last ? 0 : core.u8[address + offset + 2] | (core.u8[address + offset + 3] << 8);
    return decodeInstruction((half | (next << 16)) >>> 0, true);
  }

  /** Looks for a listed difference that accounts for a record which is not what we have. */
  private explain(record: Uint32Array): FollowResult {
    if (this.last) {
      const step = this.stepFor(record);
      const sameState = ((this.ours[CPSR] ^ record[CPSR]) & STATE_BITS) === 0;
      if (this.adopting) {
        this.adopting = false;
        if (!sameState) return 'ended';
        this.adopt(record);
        return 'equal';
      }
      for (const difference of DIFFERENCES) {
        if (difference.when !== 'after' || !difference.applies(step)) continue;
        this.count(difference.name);
        if (difference.effect === 'end' || !sameState) return 'ended';
        this.adopt(record);
        return 'equal';
      }
    }
    if (((this.ours[CPSR] ^ record[CPSR]) & STATE_BITS) === 0 && this.adoptDeviceReads?.()) {
      this.adopt(record);
      return 'equal';
    }
    this.describe(record);
    return 'different';
  }

  /** Takes over what a record says, in the mode that we are in. */
  private adopt(record: Uint32Array): void {
    for (let i = 0; i < 16; i++) if (this.ours[i] !== record[i]) this.writeRegister(i, record[i]);
    if ((this.ours[CPSR] ^ record[CPSR]) & CPSR_DEFINED) {
      const value = (this.ours[CPSR] & ~CPSR_DEFINED) | (record[CPSR] & CPSR_DEFINED);
      this.writeRegister(REGISTER.cpsr, value >>> 0);
    }
    this.readOurs();
  }

  private note({ word, thumb, size }: Instruction): void {
    const pc = this.ours[15];
    this.history.push(`${hex(pc)} ${thumb ? 'T' : 'A'} ${hex(this.ours[CPSR])} ${hex(word)} ${size}`);
    if (this.history.length > HISTORY) this.history.shift();
  }

  private describe(record: Uint32Array): void {
    const lines: string[] = [];
    for (const entry of this.history) {
      const [pc, state, cpsr, word] = entry.split(' ');
      const thumb = state === 'T';
      const value = parseInt(word, 16);
      const { text } = thumb
        ? disassemble(value & 0xffff, parseInt(pc, 16), { thumb, arch: ARCH, next: value >>> 16 })
        : disassemble(value, parseInt(pc, 16), { arch: ARCH });
      lines.push(`${pc} ${state} cpsr ${cpsr}  ${word}  ${text}`);
    }
    const names = [...Array.from({ length: 16 }, (_, i) => `r${i}`), 'cpsr'];
    for (let i = 0; i < RECORD_REGISTERS; i++) {
      const mask = i === CPSR ? CPSR_DEFINED : -1;
      const note = (this.ours[i] ^ record[i]) & mask ? `ours ${hex(this.ours[i])}, QEMU ${hex(record[i])}` : '';
      if (note) lines.push(`${names[i]}: before ${hex(this.before[i])}, ${note}`);
    }
    const all = [...this.before].map((value, i) => `${names[i]}=${hex(value)}`).join(' ');
    this.mismatch = [...lines, `sctlr ${hex(this.lastSctlr)}; before: ${all}`];
  }
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/** A difference as the report names it. */
export type NamedDifference = Pick<Difference, 'name' | 'reason' | 'manual'>;
