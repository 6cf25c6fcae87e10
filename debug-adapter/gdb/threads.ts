/**
 * Threads as a GDB client sees them: the one that runs on the virtual CPU, and whatever tasks a kernel keeps asleep, where
 * somebody knows how to find them.
 */
import { asciiBytes, bytesToHex } from '../../formats/gdb-packet.ts';
import type { TaskSpace } from '../awareness/awareness.ts';

/** What a task that sleeps has left; read when it is asked for. */
export interface SleepingThread {
  /** Core registers r0 to r15 with which it will go on, undefined where one is not known. */
  registers(): readonly (number | undefined)[];
  /** Its memory; undefined when that is what the CPU sees now. */
  space(): TaskSpace | undefined;
}

/** A task of the guest. */
export interface GuestThread {
  /** At least 1, and the same for the same task as long as it lives. */
  readonly id: number;
  readonly name: string;
  /** Further facts in a few words, such as its state. */
  readonly detail?: string;
  /** Absent for the task that is on the CPU. */
  readonly sleeping?: SleepingThread;
}

/** Who knows the tasks of a guest. */
export interface ThreadSource {
  /** The id of the task that is on the CPU. Asked at each stop. */
  current(): number;
  /** All tasks; exactly one of them is on the CPU. Asked at most once for each stop, and only when the client wants them. */
  list(): readonly GuestThread[];
}

/** Threads in one packet of a list. */
const IN_ONE_PACKET = 500;

/** The registers of a sleeping task do not change while the guest stands. */
interface Selected {
  readonly id: number;
  readonly registers: readonly (number | undefined)[] | undefined;
  readonly space: TaskSpace | undefined;
}

export class GdbThreads {
  private readonly source: ThreadSource;
  private known: readonly GuestThread[] | undefined;
  private onCpu: number | undefined;
  /** The thread that `g`, `p`, `m` and their like are about. */
  private selected: Selected | undefined;
  private listed = 0;

  constructor(source: ThreadSource) {
    this.source = source;
  }

  /** The guest has moved: its tasks may be others, and the one on the CPU is selected. */
  invalidate(): void {
    this.forget();
    this.selected = undefined;
  }

  /** The client has changed the guest: what is known of its tasks may be wrong. The selected thread stays. */
  forget(): void {
    this.known = undefined;
    this.onCpu = undefined;
  }

  /** The id of the thread on the CPU. */
  get current(): number {
    return (this.onCpu ??= this.source.current());
  }

  /** `H...`: selects a thread for registers and memory. False for one that does not exist. */
  select(id: string): boolean {
    const found = this.find(id);
    if (found === undefined) return false;
    if (found === this.selected?.id) return true;
    const sleeping = found === this.current ? undefined : this.all.find((thread) => thread.id === found)?.sleeping;
    this.selected = { id: found, registers: sleeping?.registers(), space: sleeping?.space() };
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
    return this.selected?.registers;
  }

  /** The physical address of the level 1 table by which the selected thread sees an address; undefined for the CPU's own. */
  tableFor(address: number): number | undefined {
    const space = this.selected?.space;
    return space && address < space.end ? space.table : undefined;
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
    return (this.known ??= this.source.list());
  }

  /** The thread of an id, plain or in the multiprocess form (`p1.2`). */
  private find(text: string): number | undefined {
    const match = /^(?:p(?:-1|0*1|0+)(?:\.|$))?(-1|[0-9a-fA-F]{1,8})?$/.exec(text);
    if (!match || text === '') return undefined;
    const id = match[1] === undefined || match[1] === '-1' ? 0 : parseInt(match[1], 16);
    if (id === 0 || id === this.current) return this.current;
    return this.all.some((thread) => thread.id === id) ? id : undefined;
  }
}

export const hexId = (id: number): string => id.toString(16).padStart(2, '0');

function escapeXml(text: string): string {
  // What is no character of XML 1.0 would make the whole list unreadable.
  return text.replace(/[^\x20-\x7e]/g, '?').replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
