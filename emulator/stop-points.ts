/**
 * Breakpoints and watchpoints of several debuggers in one virtual CPU. Each has its own set, and the virtual CPU has the
 * union of them: nobody takes another's away, and the guest goes on at one only when everybody who has set it agrees.
 */
import { LAYOUT } from './layout.ts';
import type { BreakpointCondition, Vcpu, VcpuExit, Watchpoint } from './vm.ts';

/** What a virtual CPU stops at. */
export type PointKind = 'breakpoint' | 'watchpoint';

/** An access is reported by its first watched byte; another owner's range may begin later in the same word, bytes. */
const ACCESS = 4;

const NONE: ReadonlySet<number> = new Set();

/** What a debugger sets beside breakpoints at virtual addresses. */
export interface FurtherBreakpoints {
  /** Guest physical addresses of instructions. */
  readonly physical?: ReadonlySet<number>;
  /** What the virtual CPU decides by itself, where no other debugger has a breakpoint. */
  readonly conditions?: readonly BreakpointCondition[];
}

/** The points of one debugger. */
export class PointOwner {
  /**
   * Asked when the guest has met a point of this owner while it runs: whether the guest goes on at once. Asked exactly once
   * for each time. Without it the guest stops.
   */
  passes: ((kind: PointKind) => boolean) | undefined;
  private readonly points: StopPoints;
  private addresses: ReadonlySet<number> = NONE;
  private further: FurtherBreakpoints = {};
  private ranges: readonly Watchpoint[] = [];

  constructor(points: StopPoints) {
    this.points = points;
  }

  get breakpoints(): ReadonlySet<number> {
    return this.addresses;
  }

  get physicalBreakpoints(): ReadonlySet<number> {
    return this.further.physical ?? NONE;
  }

  get conditions(): readonly BreakpointCondition[] {
    return this.further.conditions ?? [];
  }

  get watchpoints(): readonly Watchpoint[] {
    return this.ranges;
  }

  /**
   * Replaces the breakpoints of this owner (guest virtual addresses of instructions). False, and nothing is changed, when the
   * virtual CPU has no room for them beside those of the others.
   */
  setBreakpoints(addresses: Iterable<number>, further: FurtherBreakpoints = {}): boolean {
    const before = [this.addresses, this.further] as const;
    this.addresses = new Set(addresses);
    this.further = further;
    if (this.points.applyBreakpoints()) return true;
    [this.addresses, this.further] = before;
    return false;
  }

  /** Replaces the watchpoints of this owner; there is always room. */
  setWatchpoints(ranges: readonly Watchpoint[]): void {
    this.ranges = ranges;
    this.points.applyWatchpoints();
  }

  /** Removes all points of this owner, for good. */
  release(): void {
    this.passes = undefined;
    this.points.forget(this);
  }

  /** Whether a stop of the virtual CPU is at a point of this owner. */
  has(kind: PointKind, exit: VcpuExit): boolean {
    const address = exit.address >>> 0;
    if (kind === 'breakpoint') return this.addresses.has(address) || this.hasPlace(address);
    return this.ranges.some((range) => {
      const wanted = exit.debugCause === 'write' ? range.write : range.read;
      const at = range.physical === true ? exit.physicalAddress >>> 0 : address;
      return wanted && at < range.address + range.length && at + ACCESS > range.address;
    });
  }

  private hasPlace(address: number): boolean {
    const places = this.physicalBreakpoints;
    if (places.size === 0) return false;
    const place = this.points.placeOf(address);
    return place !== undefined && places.has(place);
  }
}

/** All points of a virtual CPU. */
export class StopPoints {
  private readonly vcpu: Vcpu;
  private readonly owners = new Set<PointOwner>();
  private applied: ReadonlySet<number> = NONE;
  private appliedPlaces: ReadonlySet<number> = NONE;

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

  /**
   * Whether the guest goes on at a point that it has met: when all who have it there say so. The virtual CPU may watch more
   * than it was asked to; an access that nobody watches is passed.
   */
  passes(kind: PointKind): boolean {
    const { exit } = this.vcpu;
    let isKnown = kind === 'watchpoint';
    let isPassed = true;
    for (const owner of this.owners) {
      if (!owner.has(kind, exit)) continue;
      isKnown = true;
      if (owner.passes?.(kind) !== true) isPassed = false;
    }
    return isKnown && isPassed;
  }

  /** The guest physical address of a virtual one, by the guest's tables; undefined where nothing is mapped. */
  placeOf(address: number): number | undefined {
    return this.vcpu.translate(address).physicalAddress;
  }

  /** Gives the virtual CPU the breakpoints of all; false when it has no room for them. */
  applyBreakpoints(): boolean {
    const owners = [...this.owners];
    const union = unionOf(owners.map(({ breakpoints }) => breakpoints));
    const places = unionOf(owners.map(({ physicalBreakpoints }) => physicalBreakpoints));
    if (union.size > LAYOUT.BREAK_MAX || places.size > LAYOUT.BREAK_MAX) return false;
    if (!isSame(union, this.applied)) {
      this.applied = new Set(union);
      this.vcpu.setBreakpoints([...union]);
    }
    if (!isSame(places, this.appliedPlaces)) {
      this.appliedPlaces = new Set(places);
      this.vcpu.setPhysicalBreakpoints([...places]);
    }
    this.vcpu.setConditions(owners.flatMap((owner) => conditionsOf(owner, owners)));
    return true;
  }

  /** Gives the virtual CPU the watchpoints of all. */
  applyWatchpoints(): void {
    this.vcpu.setWatchpoints([...this.owners].flatMap(({ watchpoints }) => watchpoints));
  }

  /** Drops an owner and its points. */
  forget(owner: PointOwner): void {
    if (!this.owners.delete(owner)) return;
    this.applyBreakpoints();
    if (owner.watchpoints.length > 0) this.applyWatchpoints();
  }
}

/** The conditions of a debugger at addresses that no other has; one by physical address may be at any virtual one. */
function conditionsOf(owner: PointOwner, owners: readonly PointOwner[]): readonly BreakpointCondition[] {
  const others = owners.filter(
    (other) => other !== owner && other.breakpoints.size + other.physicalBreakpoints.size > 0,
  );
  if (others.length === 0) return owner.conditions;
  if (others.some(({ physicalBreakpoints }) => physicalBreakpoints.size > 0)) return [];
  return owner.conditions.filter(
    ({ address, physical }) => physical !== true && others.every(({ breakpoints }) => !breakpoints.has(address)),
  );
}

/** All numbers of some sets; the set itself when only one has any. */
function unionOf(sets: readonly ReadonlySet<number>[]): ReadonlySet<number> {
  const [first = NONE, ...others] = sets.filter(({ size }) => size > 0);
  return others.length === 0 ? first : new Set([first, ...others].flatMap((set) => [...set]));
}

function isSame(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  if (a.size !== b.size) return false;
  for (const value of a) if (!b.has(value)) return false;
  return true;
}
