/** A loaded guest with everything that the parts of a debug session share. */
import type { HostCodeView } from '../../emulator/hypervisor-view.ts';
import type { Machine } from '../../emulator/machine.ts';
import { Pacer } from '../../emulator/pacing.ts';
import { CPSR, MODE, REGISTER } from '../../emulator/registers.ts';
import { Runner, type Schedule } from '../../emulator/runner.ts';
import type { PointOwner } from '../../emulator/stop-points.ts';
import type { ElfFile } from '../../formats/elf.ts';
import { SymbolIndex } from '../../symbols/symbol-index.ts';
import { Unwinder } from '../../symbols/unwinder.ts';
import { kernelAccess } from '../awareness/access.ts';
import type { Awareness, TaskSpace } from '../awareness/awareness.ts';
import type { AwarenessDescription } from '../awareness/description.ts';
import { openAwareness } from '../awareness/open.ts';
import { CodeNames, type LoadedRange } from '../inspection/code-names.ts';
import type { GuestTest } from '../guest-tests/guest-test.ts';
import { readPhysicalMemory, readGuestMemory } from '../target.ts';
import { DebugFiles } from './debug-files.ts';
import type { AttachArguments } from './attach-arguments.ts';
import type { LaunchArguments } from './launch-arguments.ts';
import { SourcePaths, type SourceSettings } from './source-paths.ts';

/** What loading a guest gives. */
export interface LoadedGuest {
  /** Name for the user: the guest's own, or its file's. */
  name: string;
  machine: Machine;
  /** CPU model, e.g. `arm926`. */
  cpu: string;
  /** Files with symbols, the kernel first. */
  files: readonly ElfFile[];
  /** Where the kernel's segments are in RAM; empty when that is not known. */
  ranges: readonly LoadedRange[];
  /** Where sources are; by default nowhere. */
  sources?: SourceSettings;
  /** How the kernel keeps its tasks, where it declares that. */
  awareness?: AwarenessDescription | undefined;
  /** Tests that the guest declares. */
  tests?: readonly GuestTest[];
  /** Remarks on the launch for the user, one line each. */
  notes?: readonly string[];
  /** For a guest that ran before the session came to it. */
  attachment?: Attachment;
}

/** The hold of a session on a guest that runs without it, too. */
export interface Attachment {
  /** What runs the guest. */
  readonly runner: Runner;
  /** Told when the run ends, whoever ends it. */
  onEnd: ((exitCode: number, text: string) => void) | undefined;
  /** Ends the run. */
  terminate(): void;
  /** The session has gone: a guest that stands goes on. */
  detach(): void;
}

/** What a session needs from its surroundings: files, and a place in the event loop. */
export interface AdapterHost {
  /** Loads a guest, standing at its first instruction. Rejects with an error whose message is for the user. */
  load(args: LaunchArguments, signal: AbortSignal): Promise<LoadedGuest>;
  schedule: Schedule;
  /** Takes hold of a guest that runs already; undefined where there is none. Rejects as `load` does. */
  attach?(args: AttachArguments, signal: AbortSignal): Promise<LoadedGuest>;
  /** Serves the GDB protocol beside the session; undefined where that is not possible. */
  serveGdb?(guest: Guest, port: number): Promise<{ port: number; close(): void }>;
}

const SCTLR_M = 1;
const NO_SOURCES: SourceSettings = { folder: '', map: {}, isFile: () => false };

function pacedRunner(machine: Machine, schedule: Schedule): Runner {
  const pacer = new Pacer(schedule);
  const runner = new Runner(machine, pacer.schedule);
  pacer.attach(runner);
  return runner;
}

/** A guest under debugging. */
export class Guest {
  readonly name: string;
  readonly cpu: string;
  readonly machine: Machine;
  readonly runner: Runner;
  /** Set when the guest runs without this session, too. */
  readonly attachment: Attachment | undefined;
  /** The breakpoints and watchpoints of this session. */
  readonly points: PointOwner;
  readonly symbols: SymbolIndex;
  readonly unwinder: Unwinder;
  readonly debug: DebugFiles;
  readonly sources: SourcePaths;
  readonly schedule: Schedule;
  /** Names of the code at which exits happen. */
  readonly codeNames: CodeNames;
  /** Where the kernel's segments are in RAM. */
  readonly loadedRanges: readonly LoadedRange[];
  private readonly ranges: readonly LoadedRange[];
  private readonly description: AwarenessDescription | undefined;
  private opened: { readonly awareness: Awareness | undefined } | undefined;

  constructor(loaded: LoadedGuest, schedule: Schedule) {
    this.name = loaded.name;
    this.schedule = schedule;
    this.cpu = loaded.cpu;
    this.machine = loaded.machine;
    this.attachment = loaded.attachment;
    this.runner = loaded.attachment?.runner ?? pacedRunner(loaded.machine, schedule);
    this.points = this.runner.points.newOwner();
    this.symbols = new SymbolIndex(loaded.files);
    this.unwinder = new Unwinder(loaded.files, this.symbols);
    this.debug = new DebugFiles(loaded.files);
    this.sources = new SourcePaths(loaded.sources ?? NO_SOURCES, this.debug);
    this.codeNames = new CodeNames(this.symbols, loaded.ranges);
    this.description = loaded.awareness;
    this.loadedRanges = loaded.ranges;
    this.ranges = loaded.ranges.filter(({ virtual, physical }) => virtual !== physical);
  }

  /** The tasks of the guest; undefined when its kernel is not recognized. Opened when it is first asked for. */
  get awareness(): Awareness | undefined {
    this.opened ??= { awareness: this.openAwareness() };
    return this.opened.awareness;
  }

  /** Forgets the tasks that were read: memory was changed from outside. */
  forgetTasks(): void {
    this.opened?.awareness?.invalidate();
  }

  get pc(): number {
    return this.read('pc');
  }

  get mmuOn(): boolean {
    return (this.read('sctlr') & SCTLR_M) !== 0;
  }

  get thumb(): boolean {
    return (this.read('cpsr') & CPSR.T) !== 0;
  }

  /** The value of a register, unsigned. */
  read(name: keyof typeof REGISTER): number {
    return this.machine.vcpu.readRegister(REGISTER[name]) >>> 0;
  }

  /** Where an address of the kernel's image was loaded, when it is another one. */
  loadedAt(virtual: number): number | undefined {
    const range = this.ranges.find((r) => virtual >= r.virtual && virtual - r.virtual < r.size);
    return range && (virtual - range.virtual + range.physical) >>> 0;
  }

  /**
   * The address that symbols are known by. Until a kernel turns the MMU on, and for a few instructions after, it runs
   * where it was loaded, not where it was linked; symbols are looked up by the linked address all the same.
   */
  linked(address: number): number {
    const range = this.ranges.find((r) => address >= r.physical && address - r.physical < r.size);
    if (!range || (this.mmuOn && !this.isIdentity(address))) return address;
    return (address - range.physical + range.virtual) >>> 0;
  }

  /** Where in RAM the instruction of a linked address is: in the kernel's image, or where it is mapped now. */
  placeOf(virtual: number): number | undefined {
    return this.loadedAt(virtual) ?? this.machine.vcpu.translate(virtual).physicalAddress;
  }

  /** The linked address of a place in RAM that belongs to the kernel's image; the place itself elsewhere. */
  linkedAt(place: number): number {
    const range = this.ranges.find((r) => place >= r.physical && place - r.physical < r.size);
    return range ? (place - range.physical + range.virtual) >>> 0 : place;
  }

  /** The host's code, where a debugger looks at it and it contains an address. */
  hostCodeAt(address: number): HostCodeView | undefined {
    const host = this.machine.vm.hypervisor?.host;
    return host?.isShown === true && host.functionAt(address) ? host : undefined;
  }

  /** Whether the kernel is at work and has mapped an address to itself, as it does where it turns the MMU on. */
  private isIdentity(address: number): boolean {
    const isUser = (this.read('cpsr') & CPSR.MODE) === MODE.usr;
    return !isUser && !this.symbols.at(address) && this.machine.vcpu.translate(address).physicalAddress === address;
  }

  /** Symbol and offset of an address; undefined when no symbol contains it. */
  describe(address: number): string | undefined {
    const place = this.hostCodeAt(address)?.functionAt(address);
    if (place) return place.offset === 0 ? place.name : `${place.name}+0x${place.offset.toString(16)}`;
    return this.symbols.describe(this.linked(address));
  }

  /** Reads a word of guest memory, as `readMemory` does. */
  readWord(address: number, space?: TaskSpace): number | undefined {
    const bytes = this.readMemory(address, 4, space);
    return bytes.length === 4 ? new DataView(bytes.buffer).getUint32(0, true) : undefined;
  }

  /**
   * Reads guest memory, in the address space of a task when it is given. Before the MMU is on, the kernel's image is also
   * found by the addresses that it was linked at. The result is shorter when not all can be read.
   */
  readMemory(address: number, length: number, space?: TaskSpace): Uint8Array {
    const table = space && address < space.end ? space.table : undefined;
    const bytes = readGuestMemory(this.machine, address, length, table);
    if (bytes.length > 0 || this.mmuOn) return bytes;
    const physical = this.loadedAt(address);
    return physical === undefined ? bytes : readPhysicalMemory(this.machine, physical, length);
  }

  private openAwareness(): Awareness | undefined {
    const { machine, name, description } = this;
    const read = (address: number, size: number): Uint8Array => this.readMemory(address, size);
    const accesses = this.debug.all.map((info) => kernelAccess(machine, info, read));
    return openAwareness(accesses, { name, description }, machine.vcpu);
  }
}
