/**
 * Threads as a GDB client sees them: the one that runs on the virtual CPU, and whatever tasks a kernel keeps asleep, where
 * somebody knows how to find them.
 */
import type { Machine } from '../../emulator/machine.ts';
import { REGISTER } from '../../emulator/registers.ts';
import { asciiBytes, bytesToHex } from '../../formats/gdb-packet.ts';

/** A task of the guest. */
export interface GuestThread {
  /** At least 1, and the same for the same task as long as it lives. */
  readonly id: number;
  readonly name: string;
  /** Further facts in a few words, such as its state. */
  readonly detail?: string;
  /**
   * Core registers r0 to r15 and CPSR (index 16) with which a sleeping task will go on, undefined where one is not known. Absent
   * for the task that is on the CPU.
   */
  readonly registers?: readonly (number | undefined)[];
}

/** Who knows the tasks of a guest; exactly one of them is on the CPU. Asked at most once for each stop. */
export type ThreadSource = () => readonly GuestThread[];

/** Threads in one packet of a list. */
const IN_ONE_PACKET = 500;
const CPSR_INDEX = 16;

export class GdbThreads {
  private readonly source: ThreadSource;
  private known: readonly GuestThread[] | undefined;
  /** The thread that `g`, `p` and their like are about. */
  private selected: number | undefined;
  private listed = 0;

  constructor(machine: Machine, source: ThreadSource | undefined) {
    this.source = source ?? (() => [{ id: 1, name: 'CPU 0', detail: machine.vm.mode }]);
  }

  /** The guest has moved: its tasks may be others, and the one on the CPU is selected. */
  invalidate(): void {
    this.known = undefined;
    this.selected = undefined;
  }

  /** The id of the thread on the CPU. */
  get current(): number {
    return this.all.find(({ registers }) => !registers)?.id ?? 1;
  }

  /** `H...`: selects a thread for registers and memory. False for one that does not exist. */
  select(id: string): boolean {
    const found = this.find(id);
    if (found === undefined) return false;
    this.selected = found;
    return true;
  }

  /** Whether a thread of an id exists; 0 stands for any, -1 for all. */
  has(id: string): boolean {
    return this.find(id) !== undefined;
  }

  /** Whether an id in a `vCont` means the thread on the CPU. */
  isCurrent(id: string): boolean {
    return this.find(id) === this.current;
  }

  /** The saved registers of the selected thread; undefined when it is on the CPU. */
  get savedRegisters(): readonly (number | undefined)[] | undefined {
    return this.selected === undefined ? undefined : this.all.find(({ id }) => id === this.selected)?.registers;
  }

  /** `qfThreadInfo` and, for what follows, `qsThreadInfo`. */
  list(first: boolean): string {
    if (first) this.listed = 0;
    const ids = this.all.slice(this.listed, this.listed + IN_ONE_PACKET).map(({ id }) => hexId(id));
    this.listed += ids.length;
    return ids.length === 0 ? 'l' : `m${ids.join(',')}`;
  }

  /** `qThreadExtraInfo`; undefined for a thread that does not exist. */
  extraInfo(id: string): string | undefined {
    const thread = this.all.find((candidate) => candidate.id === this.find(id));
    return thread && bytesToHex(asciiBytes([thread.name, thread.detail].filter(Boolean).join(', ')));
  }

  /** The document of `qXfer:threads:read`. */
  get document(): string {
    const lines = this.all.map(
      ({ id, name, detail }) =>
        `  <thread id="${hexId(id)}" core="0" name="${escapeXml(name)}">${escapeXml(detail ?? '')}</thread>`,
    );
    return ['<?xml version="1.0"?>', '<threads>', ...lines, '</threads>', ''].join('\n');
  }

  private get all(): readonly GuestThread[] {
    return (this.known ??= this.source());
  }

  /** The thread of an id, plain or in the multiprocess form (`p1.2`). */
  private find(text: string): number | undefined {
    const match = /^(?:p(?:-1|0*1|0+)(?:\.|$))?(-1|[0-9a-fA-F]{1,8})?$/.exec(text);
    if (!match || text === '') return undefined;
    const id = match[1] === undefined || match[1] === '-1' ? 0 : parseInt(match[1], 16);
    if (id === 0) return this.current;
    return this.all.some((thread) => thread.id === id) ? id : undefined;
  }
}

/** A core register of a sleeping thread in the order of GDB's numbers; undefined for one that is not known. */
export function savedRegister(registers: readonly (number | undefined)[], id: number): number | undefined {
  if (id < REGISTER.cpsr) return registers[id];
  return id === REGISTER.cpsr ? registers[CPSR_INDEX] : undefined;
}

export const hexId = (id: number): string => id.toString(16).padStart(2, '0');

function escapeXml(text: string): string {
  // What is no character of XML 1.0 would make the whole list unreadable.
  return text.replace(/[^\x20-\x7e]/g, '?').replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
