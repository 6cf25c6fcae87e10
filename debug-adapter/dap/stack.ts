/** `threads` and `stackTrace`: one thread per virtual CPU, frames by unwinding. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { REGISTER, type RegisterName } from '../../emulator/registers.ts';
import type { DebugInfo } from '../../symbols/debug-info.ts';
import type { SourcePlace } from '../../symbols/dwarf/line-tables.ts';
import { baseName } from '../../symbols/dwarf/source-path.ts';
import type { FrameState } from '../../symbols/dwarf/variable-location.ts';
import { PC, type FrameRegisters } from '../../symbols/frame.ts';
import type { Frame } from '../../symbols/unwinder.ts';
import { formatAddress } from './address.ts';
import type { RequestArguments } from './arguments.ts';
import { unknownFrame, unknownThread } from './errors.ts';
import { frameState, targetOf, type FrameContext } from './frame-context.ts';
import type { Guest } from './guest.ts';
import type { Listings } from './listings.ts';
import { hex32 } from '../target.ts';

/** The only virtual CPU's thread. */
export const THREAD = 1;
const MOST_FRAMES = 256;

/** The frames of the guest's stack, innermost first. */
export function stackFrames(guest: Guest, limit = MOST_FRAMES): Frame[] {
  const { vcpu } = guest.machine;
  const registers: FrameRegisters = Array.from({ length: PC + 1 }, (_, id) => vcpu.readRegister(id) >>> 0);
  // Tables and symbols know the kernel by the addresses it was linked at, the memory by those it was loaded at.
  const linked = registers.map((value, id) => (id === PC || id === PC - 1 ? guest.linked(value ?? 0) : value));
  const frames = guest.unwinder.frames(linked, guest.thumb, (address) => guest.readWord(address), limit);
  const first = frames[0];
  if (first) frames[0] = { ...first, registers, pc: guest.pc };
  return frames;
}

/** One line of the stack as the user sees it: a frame, or a function that was inlined into one. */
interface ShownFrame {
  readonly frame: Frame;
  /** Index of the frame that has registers of its own, from the innermost. */
  readonly index: number;
  /** Which of the functions at the frame's address: 0 for the innermost inlined one. */
  readonly inlineIndex: number;
  readonly name: string;
  readonly place: SourcePlace | undefined;
  /** The debug information that describes it. */
  readonly info: DebugInfo | undefined;
}

/** The stack of a standing guest; frame ids count from 1 and hold until it moves. */
export class Stack {
  private readonly guest: Guest;
  private readonly listings: Listings;
  private frames: ShownFrame[] | undefined;
  /** Called when the frames are forgotten. */
  readonly onInvalidate = new Set<() => void>();

  constructor(guest: Guest, listings: Listings) {
    this.guest = guest;
    this.listings = listings;
  }

  /** Forgets the frames: the guest has moved or was changed. */
  invalidate(): void {
    this.frames = undefined;
    for (const listener of this.onInvalidate) listener();
  }

  /** Forgets the frames because the user has written something. Returns whether the stack is another one now. */
  refresh(): boolean {
    const before = this.frames;
    this.invalidate();
    return !before || outline(before) !== outline(this.all());
  }

  /** `threads`. */
  threads(): DebugProtocol.Thread[] {
    const { vm } = this.guest.machine;
    return [{ id: THREAD, name: `CPU 0 (${this.guest.cpu}, ${vm.mode})` }];
  }

  /** `stackTrace`. */
  trace(args: RequestArguments): { stackFrames: DebugProtocol.StackFrame[]; totalFrames: number } {
    checkThread(args);
    const start = args.integer('startFrame', { min: 0, default: 0 });
    const levels = args.integer('levels', { min: 0, default: 0 });
    const frames = this.all();
    const shown = frames.slice(start, levels === 0 ? undefined : start + levels);
    return { stackFrames: shown.map((frame, i) => this.toProtocol(frame, start + i)), totalFrames: frames.length };
  }

  /** The frame of an id; the innermost for undefined or 0. */
  frame(id: number | undefined): ShownFrame {
    const frame = this.all()[id ? id - 1 : 0];
    if (!frame) throw unknownFrame(id ?? 0);
    return frame;
  }

  /**
   * A frame for expressions. Without debug information at its address, the first file's globals are known. Undefined when
   * no file has debug information.
   */
  context(id: number | undefined): FrameContext | undefined {
    const { frame, index, inlineIndex, info } = this.frame(id);
    const { guest } = this;
    const known = info ?? guest.debug.all[0];
    if (!known) return undefined;
    const read = (name: RegisterName): number | undefined => {
      if (index === 0 || REGISTER[name] > PC) return guest.read(name);
      return name === 'pc' ? frame.pc : frame.registers[REGISTER[name]];
    };
    return {
      info: known,
      pc: info && guest.linked(this.inFunction(frame)),
      frameIndex: inlineIndex,
      target: targetOf(guest, { read, isInnermost: index === 0 }),
      frame: info && this.state(index),
    };
  }

  private state(index: number): FrameState | undefined {
    const found = this.all().find((shown) => shown.index === index);
    return found && frameState(this.guest, found.frame, () => this.state(index + 1));
  }

  private all(): ShownFrame[] {
    this.frames ??= stackFrames(this.guest).flatMap((frame, index) => this.expand(frame, index));
    return this.frames;
  }

  /** The functions that a frame is in, inlined ones first. */
  private expand(frame: Frame, index: number): ShownFrame[] {
    const { guest } = this;
    const address = guest.linked(this.inFunction(frame));
    const info = guest.debug.at(address);
    const code = info?.framesAt(address) ?? [];
    if (!info || code.length === 0) {
      const place = info?.lineOf(address);
      return [{ frame, index, inlineIndex: 0, name: this.nameOf(frame, address), place, info }];
    }
    return code.map(({ name, isInlined, place }, inlineIndex) => ({
      ...{ frame, index, inlineIndex, info, place },
      name: isInlined || this.isOneName(address, name) ? name : this.nameOf(frame, address),
    }));
  }

  /** Whether the symbol at an address is that of a function, or a part of it that the compiler has split off. */
  private isOneName(address: number, name: string): boolean {
    const symbol = this.guest.symbols.at(address)?.name;
    return symbol === undefined || symbol === name || symbol.startsWith(`${name}.`);
  }

  private nameOf(frame: Frame, address: number): string {
    return this.guest.symbols.at(address)?.name ?? hex32(frame.pc);
  }

  /**
   * An address in the function of a frame. A return address may be the first byte after a function that ends in a call;
   * but where no call stands before it, it was set by hand, as Linux has system calls return to `ret_fast_syscall`.
   */
  private inFunction({ pc, lookup }: Frame): number {
    if (lookup === pc || this.guest.symbols.at(this.guest.linked(pc))?.address !== this.guest.linked(pc)) return lookup;
    const before = this.guest.readWord(pc - 4);
    return before === undefined || isCall(before) ? lookup : pc;
  }

  private toProtocol({ frame, name, place, info }: ShownFrame, index: number): DebugProtocol.StackFrame {
    const path = place && place.line > 0 ? this.guest.sources.local(place.file) : undefined;
    const common = { id: index + 1, name, instructionPointerReference: formatAddress(frame.pc) };
    const moduleId = this.guest.symbols.files.findIndex((file) => file === info?.elf) + 1;
    const inModule = moduleId > 0 ? { ...common, moduleId } : common;
    if (place && path !== undefined) {
      const source = { name: baseName(path), path };
      return { ...inModule, source, line: place.line, column: Math.max(1, place.column) };
    }
    const shown = this.listings.locate(this.guest, frame.pc);
    if (!shown) return { ...inModule, line: 0, column: 0, presentationHint: 'subtle' };
    return { ...inModule, ...shown, column: 1 };
  }
}

/** What a client shows of frames. */
const outline = (frames: readonly ShownFrame[]): string =>
  JSON.stringify(frames.map(({ frame, name, place }) => [frame.pc, name, place?.file, place?.line]));

/** Whether a word is BL, or BLX of an address or of a register. */
function isCall(word: number): boolean {
  const isBranchWithLink = (word & 0x0f00_0000) === 0x0b00_0000;
  return isBranchWithLink || word >>> 25 === 0x7d || (word & 0x0fff_fff0) === 0x012f_ff30;
}

/** Checks the `threadId` of a request. */
export function checkThread(args: RequestArguments): void {
  const id = args.integer('threadId', { default: THREAD });
  if (id !== THREAD) throw unknownThread(id);
}
