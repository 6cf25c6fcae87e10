/** `threads` and `stackTrace`: one thread per virtual CPU, frames by unwinding. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { PC, type FrameRegisters } from '../../symbols/frame.ts';
import type { Frame } from '../../symbols/unwinder.ts';
import { formatAddress } from './address.ts';
import type { RequestArguments } from './arguments.ts';
import { unknownFrame, unknownThread } from './errors.ts';
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

/** The stack of a standing guest; frame ids count from 1 and hold until it moves. */
export class Stack {
  private readonly guest: Guest;
  private readonly listings: Listings;
  private frames: Frame[] | undefined;

  constructor(guest: Guest, listings: Listings) {
    this.guest = guest;
    this.listings = listings;
  }

  /** Forgets the frames: the guest has moved or was changed. */
  invalidate(): void {
    this.frames = undefined;
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
  frame(id: number | undefined): { frame: Frame; index: number } {
    const index = id ? id - 1 : 0;
    const frame = this.all()[index];
    if (!frame) throw unknownFrame(id ?? 0);
    return { frame, index };
  }

  private all(): Frame[] {
    this.frames ??= stackFrames(this.guest);
    return this.frames;
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

  private toProtocol(frame: Frame, index: number): DebugProtocol.StackFrame {
    const symbol = this.guest.symbols.at(this.guest.linked(this.inFunction(frame)));
    const shown = this.listings.locate(this.guest, frame.pc);
    return {
      id: index + 1,
      name: symbol?.name ?? hex32(frame.pc),
      ...(shown ? { ...shown, column: 1 } : { line: 0, column: 0 }),
      instructionPointerReference: formatAddress(frame.pc),
    };
  }
}

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
