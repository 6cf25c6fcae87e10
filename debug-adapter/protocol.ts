/**
 * Messages of Trapline beside those of the Debug Adapter Protocol (docs/dap-extensions.md). All requests are read-only and are
 * answered whether the guest runs or stands. Addresses and words are text: `0x` and eight hexadecimal digits.
 */
import type { VirtualizationStatistics } from '../emulator/vm.ts';

/** `0x` and eight hexadecimal digits. */
export type Hex = string;

/** A page of a longer list; `total` counts its rows. */
export interface Page<Row> {
  total: number;
  rows: Row[];
}

// ---------------------------------------------------------------------------------------------------------------------
// trapline/exits

export interface ExitsArguments {
  /** Order of the rows: most exits first (the default), most host instructions first, or by address and name. */
  sort?: 'count' | 'hostInstructions' | 'address';
  /** Which rows of the lists `sites`, `functions` and `registers`: from `start` (0), `count` of them (50, at most 1000). */
  start?: number;
  count?: number;
}

export interface CauseRow {
  cause: string;
  count: number;
  /** Instructions of the host from leaving the guest to entering it again. */
  hostInstructions: number;
}

export interface SiteRow {
  address: Hex;
  /** Symbol and offset; absent when no symbol contains the address. */
  symbol?: string;
  /** Whether the guest was in user mode. */
  user: boolean;
  /** As in `byCause`, but `mmio` for every device. */
  cause: string;
  count: number;
  hostInstructions: number;
}

export interface FunctionRow {
  /** Name of the symbol; absent for the exits at addresses without one. */
  function?: string;
  count: number;
  hostInstructions: number;
  /** Different addresses and causes in it. */
  sites: number;
}

export interface RegisterRow {
  /** Guest physical address. */
  address: Hex;
  device?: string;
  register?: string;
  reads: number;
  writes: number;
}

export interface ExitsResponse {
  mode: string;
  /** Guest instructions retired. */
  instructions: number;
  /** Exits: the sum of `byCause`, and of all `sites` with `otherExits`. 0 in native mode. */
  total: number;
  hostInstructions: number;
  byCause: CauseRow[];
  /** Exits at sites, and accesses of registers, for which the hypervisor's tables had no room. */
  otherExits: number;
  otherAccesses: number;
  sites: Page<SiteRow>;
  functions: Page<FunctionRow>;
  registers: Page<RegisterRow>;
  /** Everything else that is counted; absent in native mode. */
  statistics?: VirtualizationStatistics;
}

// ---------------------------------------------------------------------------------------------------------------------
// trapline/exitLog

export interface ExitLogArguments {
  /** Number of the first exit wanted; without it, the newest ones are given. */
  start?: number;
  /** At most so many (100, at most 1000). */
  count?: number;
  /** Causes or groups of causes with commas between them: `mmio,shadow.fill`. */
  cause?: string;
}

export interface ExitLogRow {
  /** Number of the exit, from 0. */
  index: number;
  /** Guest instructions retired before it. */
  instructions: number;
  cause: string;
  pc: Hex;
  symbol?: string;
  /** Virtual mode: `usr`, `svc` ... */
  mode: string;
  /** Guest virtual address of the access, for faults and device accesses. */
  address?: Hex;
  register?: { address: Hex; device?: string; register?: string; write: boolean };
  hostInstructions: number;
}

export interface ExitLogResponse {
  /** Exits so far, and the oldest one that is still in the log. */
  total: number;
  oldest: number;
  /** `start` of a request for what follows. */
  next: number;
  exits: ExitLogRow[];
}

// ---------------------------------------------------------------------------------------------------------------------
// trapline/locate

export interface LocateArguments {
  /** A memory reference; not needed with `function`. */
  address?: string;
  /** Whether the address was executed in user mode. */
  user?: boolean;
  /** A symbol by name, in place of an address. */
  function?: string;
}

export interface LocateResponse {
  address: Hex;
  /** Absent where there is neither a source nor memory: a file, or a listing to be asked for with `source`. */
  source?: { name: string; path?: string; sourceReference?: number; origin?: string };
  line?: number;
}

// ---------------------------------------------------------------------------------------------------------------------
// trapline/lineExits

export interface LineExitsRow {
  /** Absolute path of the file. */
  path: string;
  /** From 1. */
  line: number;
  count: number;
  hostInstructions: number;
  /** Exits by cause; `mmio` for every device. */
  causes: Record<string, number>;
}

export interface LineExitsResponse {
  instructions: number;
  /** The lines with most exits first, at most 5000. */
  lines: LineExitsRow[];
  /** Exits at code whose line is not known, or not given. With the lines it sums to the total of `trapline/exits`. */
  elsewhere: number;
}

// ---------------------------------------------------------------------------------------------------------------------
// trapline/translation

export interface TranslationArguments {
  /** A memory reference: a hexadecimal (0x...) or decimal number. */
  address: string;
  /** The virtual mode that `result` is about; the present one by default. */
  user?: boolean;
}

/** A descriptor, field by field; what its type does not have is absent. */
export interface Descriptor {
  word: Hex;
  type: 'fault' | 'section' | 'coarse' | 'fine' | 'large' | 'small' | 'tiny' | 'reserved';
  domain?: number;
  /** Access permissions: one field, or four for the quarters of a large or small page, lowest address first. */
  ap?: number[];
  c?: boolean;
  b?: boolean;
  /** Physical address of the page, section or level 2 table. */
  target?: Hex;
}

export interface WalkedDescriptor extends Descriptor {
  level: 1 | 2;
  /** Physical address of the descriptor. */
  address: Hex;
}

/** What an access gets: `ok`, or the guest's fault with its status (FSR bits 3 to 0). */
export interface Access {
  ok: boolean;
  status?: number;
  fault?: string;
}

export interface GuestWalk {
  mmu: boolean;
  steps: WalkedDescriptor[];
  physicalAddress?: Hex;
  /** The device there, where it is no RAM. */
  device?: string;
  pageSize: number;
  domain: number;
  domainAccess: string;
  access: { privilegedRead: Access; privilegedWrite: Access; userRead: Access; userWrite: Access };
}

export interface ShadowSide {
  /** False when the only table holds the rights of the other mode now. */
  served: boolean;
  steps: WalkedDescriptor[];
  physicalAddress?: Hex;
  /** What physical user mode may do through this entry. */
  read: boolean;
  write: boolean;
  state: ShadowState;
}

/**
 * A shadow entry beside the guest's: `same` target and rights; `narrower`, same target but fewer rights (a page with translation
 * tables is guarded against stores); `missing`, not filled yet; `host`, a page of the host; `unmapped`, neither has a
 * mapping; `differs`, anything else. `unserved`: the shadow must be changed to the other mode first.
 */
export type ShadowState = 'same' | 'narrower' | 'missing' | 'host' | 'unmapped' | 'differs' | 'unserved';

/**
 * What happens at an access: `direct`, without an exit; `fill`, an exit that fills the shadow; `emulated`, an exit in which the
 * store is carried out; `mmio`, an exit to a device; `guest-fault`, the guest's own exception.
 */
export type AccessOutcome = 'direct' | 'fill' | 'emulated' | 'mmio' | 'guest-fault';

export interface TranslationResponse {
  address: Hex;
  symbol?: string;
  guest: GuestWalk;
  /** Absent in native mode. */
  shadow?: { strategy: string; privileged: ShadowSide; user: ShadowSide };
  result: { user: boolean; read: AccessOutcome; write: AccessOutcome };
}

// ---------------------------------------------------------------------------------------------------------------------
// trapline/pageTables

export interface PageTablesArguments {
  /** 1, the default: a row a megabyte. 2: a row a page of `megabyte`. */
  level?: 1 | 2;
  /** Level 2: the megabyte, 0 to 4095. */
  megabyte?: number;
  /** First row: a megabyte, or a page of one. */
  start?: number;
  /** At most so many rows (64, at most 1024). */
  count?: number;
  /** Only rows that the guest or the shadow maps. */
  used?: boolean;
}

export interface TableRow {
  index: number;
  /** Virtual address. */
  address: Hex;
  /** The guest's descriptor; absent while its MMU is off, or where there is no level 2 table. */
  guest?: WalkedDescriptor;
  /** The shadow's; absent in native mode. Level 1: `entries` counts the entries filled under it. */
  shadow?: { privileged: ShadowCell; user: ShadowCell };
}

export interface ShadowCell {
  descriptor?: Descriptor;
  entries?: number;
  state: ShadowState;
}

export interface PageTablesResponse {
  level: 1 | 2;
  mmu: boolean;
  /** The guest's level 1 table, and the shadow's for each mode. */
  root: Hex;
  shadowRoots?: { privileged: Hex; user: Hex };
  /** Rows that there are, used or not. */
  total: number;
  rows: TableRow[];
  /** `start` of a request for what follows; absent at the end. */
  next?: number;
}

// ---------------------------------------------------------------------------------------------------------------------
// trapline/machine

/** A part of a register. */
export interface RegisterField {
  name: string;
  value: number | boolean;
  meaning: string;
}

/** A register with its fields, where it has any. */
export interface SystemRegister {
  name: string;
  value: Hex;
  fields: RegisterField[];
}

export interface CpuState {
  /** Core and banked registers by name. */
  registers: Record<string, Hex>;
  /** CPSR in words, as in `nZCvqjIFt svc`. */
  status: string;
  systemControl: SystemRegister[];
}

export interface MachineArguments {
  /** Only this device. */
  device?: string;
}

export interface MachineResponse {
  mode: string;
  board: string;
  instructions: number;
  /** Nanoseconds of guest time. */
  time: number;
  running: boolean;
  memory: { base: Hex; size: number }[];
  /** The CPU that the guest sees. */
  virtual: CpuState;
  /** The CPU that executes it; absent in native mode, where it is the same. */
  physical?: CpuState;
  devices: {
    name: string;
    base: Hex;
    size: number;
    /** `fields` is absent where the register has none. */
    registers: { name: string; address: Hex; value: Hex; fields?: RegisterField[] }[];
  }[];
}

// ---------------------------------------------------------------------------------------------------------------------
// trapline/statsChanged

/**
 * Event: the numbers have changed. Sent when the guest stops and at most four times a second while it runs, to clients
 * that have used one of these requests.
 */
export interface StatsChangedBody {
  instructions: number;
  /** Exits. */
  total: number;
  running: boolean;
}

// ---------------------------------------------------------------------------------------------------------------------
// trapline/runEnded

/** Event: the guest has ended, or is about to be replaced by a restart. Sent to the same clients, before `terminated`. */
export interface RunEndedBody {
  /** With the first 1000 rows of each list. */
  exits: ExitsResponse;
  lines: LineExitsResponse;
}

// ---------------------------------------------------------------------------------------------------------------------
// trapline/testFinished, trapline/coverage

/**
 * Event: the test that the launch attribute `test` names is over; the guest stands. The session ends by itself after it, unless
 * it records coverage: then the client asks for that, and disconnects.
 */
export interface TestFinishedBody {
  name: string;
  passed: boolean;
  /** One sentence; of a test that failed with the end of the console. */
  message: string;
  /** Guest time from the first instruction to the verdict. */
  seconds: number;
}

/** Request: what has been executed since the launch, in a session with the attribute `coverage`; pages of source files. */
export interface CoverageArguments {
  start?: number;
  count?: number;
}

export interface CoverageResponse {
  total: number;
  files: {
    /** As the debug information names it. */
    name: string;
    /** Absent when the file is not there. */
    path?: string;
    /** Lines with code, ascending, and whether any of it was executed. */
    lines: { line: number; executed: boolean }[];
    functions: { name: string; line: number; executed: boolean }[];
  }[];
}
