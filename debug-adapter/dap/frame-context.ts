/** A frame of the guest's stack as expressions see it: its registers, guest memory, and the code it is in. */
import { REGISTER, type RegisterName } from '../../emulator/registers.ts';
import type { ExpressionContext } from '../../symbols/c-expression/compile.ts';
import type { Target } from '../../symbols/c-expression/value.ts';
import type { DebugInfo } from '../../symbols/debug-info.ts';
import type { FrameState } from '../../symbols/dwarf/variable-location.ts';
import { PC, type FrameRegisters } from '../../symbols/frame.ts';
import type { Frame } from '../../symbols/unwinder.ts';
import type { TaskSpace } from '../awareness/awareness.ts';
import { writePhysicalMemory, writeGuestMemory, writeRegister } from '../target.ts';
import type { Guest } from './guest.ts';
import { registerOf, statusField } from './register-names.ts';

/** What is needed to compile an expression for a frame and to evaluate it there. */
export interface FrameContext extends ExpressionContext {
  readonly info: DebugInfo;
  /** Linked address of the code whose locals are visible; undefined for globals only. */
  readonly pc: number | undefined;
  /** Which of the functions at `pc`: 0 for the innermost inlined one. */
  readonly frameIndex: number;
}

/** Registers of a frame. */
interface FrameAccess {
  read(name: RegisterName): number | undefined;
  /** Whether the frame is in the registers, so that they can be written. */
  readonly isInnermost: boolean;
  /** The address space of a task that does not run; undefined for the present one. */
  readonly space?: TaskSpace | undefined;
}

/** Reads and writes for expressions. Before the MMU is on, memory is also found by the addresses it is linked at. */
export function targetOf(guest: Guest, frame: FrameAccess): Target {
  return {
    littleEndian: true,
    readMemory: (address, size) => guest.readMemory(address, size, frame.space),
    writeMemory: (address, bytes) => writeMemory(guest, address, bytes, frame.space),
    readRegister: (text) => {
      const [name, field] = splitRegister(text);
      const id = registerOf(name);
      const value = id && frame.read(id);
      if (value === undefined || field === undefined) return value;
      return id === 'cpsr' || id?.startsWith('spsr') ? statusField(value, field) : undefined;
    },
    writeRegister: (text, value) => {
      const [name, field] = splitRegister(text);
      const id = registerOf(name);
      if (!id || field !== undefined || (!frame.isInnermost && REGISTER[id] <= PC)) return false;
      writeRegister(guest.machine, id, value);
      return true;
    },
  };
}

/** `cpsr.mode` is a field of a register; `cp15.dacr` is a register by the name of its coprocessor. */
function splitRegister(text: string): [name: string, field: string | undefined] {
  const [name, ...rest] = text.split('.');
  if (name.toLowerCase() === 'cp15') return [rest[0] ?? name, rest[1]];
  return [name, rest.length > 0 ? rest.join('.') : undefined];
}

function writeMemory(guest: Guest, address: number, bytes: Uint8Array, space: TaskSpace | undefined): boolean {
  const table = space && address < space.end ? space.table : undefined;
  if (writeGuestMemory(guest.machine, address, bytes, table) === bytes.length) return true;
  const physical = guest.mmuOn ? undefined : guest.loadedAt(address);
  return physical !== undefined && writePhysicalMemory(guest.machine, physical, bytes) === bytes.length;
}

/** The registers of the innermost frame as they are at the time of each read. */
export function innermostAccess(guest: Guest): FrameAccess {
  return { read: (name) => guest.read(name), isInnermost: true };
}

/** The state of an unwound frame. `next` gives the one that called it. */
export function frameState(
  guest: Guest,
  frame: Frame,
  next: () => FrameState | undefined,
  space?: TaskSpace,
): FrameState {
  const { registers, lookup } = frame;
  return {
    pc: guest.linked(lookup),
    register: (number) => registers[number],
    memory: (address, size) => guest.readMemory(address, size, space),
    cfa: () => cfaOf(guest, registers, guest.linked(lookup), space),
    caller: next,
  };
}

/** The state of the innermost frame at a linked address, read when it is asked for. */
export function liveState(guest: Guest, pc: number): FrameState {
  const { vcpu } = guest.machine;
  return {
    pc,
    register: (number) => (number <= PC ? vcpu.readRegister(number) >>> 0 : undefined),
    memory: (address, size) => guest.readMemory(address, size),
    cfa: () =>
      cfaOf(
        guest,
        Array.from({ length: PC + 1 }, (_, id) => vcpu.readRegister(id) >>> 0),
        pc,
      ),
  };
}

function cfaOf(guest: Guest, registers: FrameRegisters, lookup: number, space?: TaskSpace): number | undefined {
  return guest.unwinder.cfa({ registers, pc: lookup, lookup }, (address) => guest.readWord(address, space));
}
