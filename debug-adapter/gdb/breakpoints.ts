/**
 * Breakpoints and watchpoints that a client has inserted. Software (Z0) and hardware (Z1) breakpoints are both marks
 * in the virtual CPU: guest memory is never changed, so the guest cannot see them and patching code keeps them.
 */
import type { Vcpu } from '../../emulator/vm.ts';
import { BAD_PACKET } from './memory.ts';

export type WatchKind = 'watch' | 'rwatch' | 'awatch';
export type BreakKind = 'swbreak' | 'hwbreak';

interface Watch {
  kind: WatchKind;
  address: number;
  length: number;
}

/** Z packet types by number: what they insert. */
const TYPES = ['swbreak', 'hwbreak', 'watch', 'rwatch', 'awatch'] as const;
const LONGEST_WATCH = 1 << 20;
/** Bytes of the largest single access, a doubleword. */
const LONGEST_ACCESS = 8;
const PACKET = /^([0-4]),([0-9a-fA-F]{1,8}),([0-9a-fA-F]{1,8})(;.*)?$/s;

export class GdbBreakpoints {
  private readonly vcpu: Vcpu;
  private readonly breaks: Record<BreakKind, Set<number>> = { swbreak: new Set(), hwbreak: new Set() };
  private watches: Watch[] = [];

  constructor(vcpu: Vcpu) {
    this.vcpu = vcpu;
  }

  /** Executes `Z...` or `z...`, without its first letter. Inserting twice and removing what is absent are no errors. */
  change(text: string, insert: boolean): string {
    const match = PACKET.exec(text);
    if (!match) return /^[5-9]/.test(text) ? '' : BAD_PACKET;
    const type = TYPES[Number(match[1])];
    const address = parseInt(match[2], 16);
    const length = parseInt(match[3], 16);
    if (type === 'swbreak' || type === 'hwbreak') {
      if (insert) this.breaks[type].add(address);
      else this.breaks[type].delete(address);
      this.vcpu.setBreakpoints([...new Set([...this.breaks.swbreak, ...this.breaks.hwbreak])]);
      return 'OK';
    }
    if (length < 1 || length > LONGEST_WATCH || address + length > 0x1_0000_0000) return BAD_PACKET;
    this.watches = this.watches.filter(
      (watch) => watch.kind !== type || watch.address !== address || watch.length !== length,
    );
    if (insert) this.watches.push({ kind: type, address, length });
    this.setWatchpoints();
    return 'OK';
  }

  /** Whether a watchpoint of this kind covers an address. */
  isWatched(kind: WatchKind, address: number): boolean {
    return this.watches.some(
      (watch) => watch.kind === kind && watch.address <= address && address < watch.address + watch.length,
    );
  }

  /** What stops the guest before the instruction at an address. */
  breakAt(address: number): BreakKind | undefined {
    if (this.breaks.hwbreak.has(address)) return 'hwbreak';
    return this.breaks.swbreak.has(address) ? 'swbreak' : undefined;
  }

  /**
   * The watchpoint that an access has hit, and an address inside it: clients look for the watchpoint by the
   * address in the stop reply, and an access may begin before the range that it touches.
   */
  watchFor(address: number, cause: 'read' | 'write'): { kind: WatchKind; address: number } | undefined {
    const wanted: WatchKind = cause === 'read' ? 'rwatch' : 'watch';
    const touched = (length: number): Watch | undefined =>
      this.watches.find(
        (watch) =>
          (watch.kind === wanted || watch.kind === 'awatch') &&
          address < watch.address + watch.length &&
          address + length > watch.address,
      );
    const hit = touched(1) ?? touched(LONGEST_ACCESS);
    return hit && { kind: hit.kind, address: Math.max(address, hit.address) };
  }

  /** Removes everything. */
  clear(): void {
    this.breaks.swbreak.clear();
    this.breaks.hwbreak.clear();
    this.watches = [];
    this.vcpu.setBreakpoints([]);
    this.setWatchpoints();
  }

  private setWatchpoints(): void {
    this.vcpu.setWatchpoints(
      this.watches.map(({ kind, address, length }) => ({
        address,
        length,
        read: kind !== 'watch',
        write: kind !== 'rwatch',
      })),
    );
  }
}
