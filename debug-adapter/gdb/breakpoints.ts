/**
 * Breakpoints and watchpoints that a client has inserted. Software (Z0) and hardware (Z1) breakpoints are both marks
 * in the virtual CPU: guest memory is never changed, so the guest cannot see them and patching code keeps them. Those of a
 * debug session or of a run beside this client are not touched.
 */
import type { Machine } from '../../emulator/machine.ts';
import { REGISTER } from '../../emulator/registers.ts';
import type { PointOwner } from '../../emulator/stop-points.ts';
import { hexToBytes } from '../../formats/gdb-packet.ts';
import { readGuestMemory } from '../target.ts';
import {
  type AgentContext,
  type AgentExpression,
  evaluateAgentExpression,
  parseAgentExpression,
} from './agent-expression.ts';
import { BAD_PACKET } from './memory.ts';
import { registerByNumber } from './registers.ts';

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
const PACKET = /^([0-4]),([0-9a-fA-F]{1,8}),([0-9a-fA-F]{1,8})(?:;(.*))?$/s;
/** A condition: `X`, its bytes in hexadecimal, a comma, as many bytes. */
const CONDITION = /^X([0-9a-fA-F]{1,4}),([0-9a-fA-F]*)$/;
const FULL = 'E.The machine has no room for more; delete other breakpoints or watchpoints first.';

/** Conditions of a breakpoint: it stops when one of them holds, or when there is none. */
type Conditions = readonly AgentExpression[];

export class GdbBreakpoints {
  private readonly points: PointOwner;
  private readonly context: AgentContext;
  private readonly breaks: Record<BreakKind, Map<number, Conditions>> = { swbreak: new Map(), hwbreak: new Map() };
  private watches: Watch[] = [];

  /** `points` are those of this client. */
  constructor(machine: Machine, points: PointOwner) {
    this.points = points;
    this.context = {
      register: (number) => {
        const id = registerByNumber(number);
        return id === undefined ? undefined : machine.vcpu.readRegister(id);
      },
      memory: (address, length) => readGuestMemory(machine, address, length),
    };
    points.passes = (kind) => kind === 'breakpoint' && !this.holds(machine.vcpu.readRegister(REGISTER.pc) >>> 0);
  }

  /** Executes `Z...` or `z...`, without its first letter. Inserting twice and removing what is absent are no errors. */
  change(text: string, insert: boolean): string {
    const match = PACKET.exec(text);
    if (!match) return /^[5-9]/.test(text) ? '' : BAD_PACKET;
    const type = TYPES[Number(match[1])];
    const address = parseInt(match[2], 16);
    const length = parseInt(match[3], 16);
    if (type === 'swbreak' || type === 'hwbreak') {
      const conditions = parseConditions(match[4] ?? '');
      if (!conditions) return BAD_PACKET;
      return this.changeBreak(type, address, insert ? conditions : undefined);
    }
    if (length < 1 || length > LONGEST_WATCH || address + length > 0x1_0000_0000) return BAD_PACKET;
    const others = this.watches.filter(
      (watch) => watch.kind !== type || watch.address !== address || watch.length !== length,
    );
    const watches = insert ? [...others, { kind: type, address, length }] : others;
    const ranges = watches.map(({ kind, ...range }) => ({
      ...range,
      read: kind !== 'watch',
      write: kind !== 'rwatch',
    }));
    if (!this.points.setWatchpoints(ranges)) return FULL;
    this.watches = watches;
    return 'OK';
  }

  /** Whether a watchpoint of this kind covers an address. */
  isWatched(kind: WatchKind, address: number): boolean {
    return this.watches.some(
      (watch) => watch.kind === kind && watch.address <= address && address < watch.address + watch.length,
    );
  }

  /** The kind of breakpoint at an address. */
  breakAt(address: number): BreakKind | undefined {
    if (this.breaks.hwbreak.has(address)) return 'hwbreak';
    return this.breaks.swbreak.has(address) ? 'swbreak' : undefined;
  }

  /** Whether the guest, which stands at an address, has met a breakpoint there whose condition holds. */
  holds(address: number): boolean {
    return [this.breaks.hwbreak, this.breaks.swbreak].some((breaks) => {
      const conditions = breaks.get(address);
      if (!conditions) return false;
      // A condition without a value stops, too: the client then evaluates it itself, and says what is wrong.
      return conditions.length === 0 || conditions.some((one) => evaluateAgentExpression(one, this.context) !== 0n);
    });
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

  /** Removes everything, for good. */
  release(): void {
    this.breaks.swbreak.clear();
    this.breaks.hwbreak.clear();
    this.watches = [];
    this.points.release();
  }

  /** Inserts a breakpoint with its conditions, or removes it. */
  private changeBreak(kind: BreakKind, address: number, conditions: Conditions | undefined): string {
    const breaks = this.breaks[kind];
    const before = breaks.get(address);
    if (conditions) breaks.set(address, conditions);
    else breaks.delete(address);
    if (this.points.setBreakpoints([...this.breaks.swbreak.keys(), ...this.breaks.hwbreak.keys()])) return 'OK';
    if (before) breaks.set(address, before);
    else breaks.delete(address);
    return FULL;
  }
}

/**
 * Parses the conditions of a Z packet; undefined when they are none. A bytecode that is not known here makes the breakpoint
 * stop always: the client evaluates its condition again.
 */
function parseConditions(text: string): Conditions | undefined {
  const conditions: (AgentExpression | undefined)[] = [];
  // Several conditions follow each other with or without a separator.
  for (const part of text.split(/;|(?=X)/).filter((piece) => piece !== '')) {
    const match = CONDITION.exec(part);
    const bytes = match && hexToBytes(match[2]);
    if (!bytes || bytes.length !== parseInt(match[1], 16)) return undefined;
    conditions.push(parseAgentExpression(bytes));
  }
  return conditions.every((condition) => condition !== undefined) ? conditions : [];
}
