/**
 * Breakpoints and watchpoints of several debuggers in one virtual CPU. Each has its own set, and the virtual CPU has the
 * union of them: nobody takes another's away, and the guest goes on at one only when everybody who has set it agrees.
 */
import { LAYOUT } from './layout.ts';
import type { Vcpu, VcpuExit, Watchpoint } from './vm.ts';

/** What a virtual CPU stops at. */
export type PointKind = 'breakpoint' | 'watchpoint';

/** An access is reported by its first watched byte; another owner's range may begin later in the same word, bytes. */
const ACCESS = 4;

/** The points of one debugger. */
export class PointOwner {
  /**
   * Asked when the guest has met a point of this owner while it runs: whether the guest goes on at once. Asked exactly once
   * for each time. Without it the guest stops.
   */
  passes: ((kind: PointKind) => boolean) | undefined;
  private readonly points: StopPoints;
  private addresses: ReadonlySet<number> = new Set();
  private ranges: readonly Watchpoint[] = [];

  constructor(points: StopPoints) {
    this.points = points;
  }

  get breakpoints(): ReadonlySet<number> {
    return this.addresses;
  }

  get watchpoints(): readonly Watchpoint[] {
    return this.ranges;
  }

  /**
   * Replaces the breakpoints of this owner (guest virtual addresses of instructions). False, and nothing is changed, when the
   * virtual CPU has no room for them beside those of the others.
   */
  setBreakpoints(addresses: Iterable<number>): boolean {
    const before = this.addresses;
    this.addresses = new Set(addresses);
    if (this.points.applyBreakpoints()) return true;
    this.addresses = before;
    return false;
  }

  /** Replaces the watchpoints of this owner. False, and nothing is changed, when there is no room for them. */
  setWatchpoints(ranges: readonly Watchpoint[]): boolean {
    if (ranges.length > this.watchpointRoom) return false;
    this.ranges = ranges;
    this.points.applyWatchpoints();
    return true;
  }

  /** How many watchpoints this owner can have, beside those of the others. */
  get watchpointRoom(): number {
    return LAYOUT.WATCH_MAX - this.points.watchpointsBeside(this);
  }

  /** Removes all points of this owner, for good. */
  release(): void {
    this.passes = undefined;
    this.points.forget(this);
  }

  /** Whether a stop of the virtual CPU is at a point of this owner. */
  has(kind: PointKind, exit: VcpuExit): boolean {
    const address = exit.address >>> 0;
    if (kind === 'breakpoint') return this.addresses.has(address);
    return this.ranges.some((range) => {
      const wanted = exit.debugCause === 'write' ? range.write : range.read;
      return wanted && address < range.address + range.length && address + ACCESS > range.address;
    });
  }
}

/** All points of a virtual CPU. */
export class StopPoints {
  private readonly vcpu: Vcpu;
  private readonly owners = new Set<PointOwner>();
  private applied: ReadonlySet<number> = new Set();

  constructor(vcpu: Vcpu) {
    this.vcpu = vcpu;
  }

  /** The breakpoints of all. */
  get union(): ReadonlySet<number> {
    return this.applied;
  }

  /** A debugger without points yet. */
  newOwner(): PointOwner {
    const owner = new PointOwner(this);
    this.owners.add(owner);
    return owner;
  }

  /** Whether the guest goes on at a point that it has met: when all who have it there say so, and somebody has. */
  passes(kind: PointKind): boolean {
    const { exit } = this.vcpu;
    let isKnown = false;
    let isPassed = true;
    for (const owner of this.owners) {
      if (!owner.has(kind, exit)) continue;
      isKnown = true;
      if (owner.passes?.(kind) !== true) isPassed = false;
    }
    return isKnown && isPassed;
  }

  /** Gives the virtual CPU the union of the breakpoints; false when it has no room for them. */
  applyBreakpoints(): boolean {
    const [first, ...others] = [...this.owners].map(({ breakpoints }) => breakpoints).filter(({ size }) => size > 0);
    const union =
      others.length === 0
        ? (first ?? new Set<number>())
        : new Set([...this.owners].flatMap((owner) => [...owner.breakpoints]));
    if (union.size > LAYOUT.BREAK_MAX) return false;
    // The virtual CPU forgets decoded instructions when its breakpoints change.
    if (union.size === this.applied.size && [...union].every((address) => this.applied.has(address))) return true;
    this.applied = new Set(union);
    this.vcpu.setBreakpoints([...union]);
    return true;
  }

  /** Gives the virtual CPU the watchpoints of all. */
  applyWatchpoints(): void {
    this.vcpu.setWatchpoints([...this.owners].flatMap(({ watchpoints }) => watchpoints));
  }

  /** Watchpoints of everybody else. */
  watchpointsBeside(owner: PointOwner): number {
    let count = 0;
    for (const other of this.owners) if (other !== owner) count += other.watchpoints.length;
    return count;
  }

  /** Drops an owner and its points. */
  forget(owner: PointOwner): void {
    if (!this.owners.delete(owner)) return;
    this.applyBreakpoints();
    if (owner.watchpoints.length > 0) this.applyWatchpoints();
  }
}
