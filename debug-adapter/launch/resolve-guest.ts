/** From what the user names (a folder, a file, options) to everything that a machine is made of. */
import type { ExecutionMode } from '../../emulator/vm.ts';
import { InputError } from '../../formats/input-error.ts';
import type { AwarenessDescription } from '../awareness/description.ts';
import { parseTests, type GuestTest } from '../guest-tests/guest-test.ts';
import { baseName, loadFile, type FileSystem, type LoadedFile } from './file-system.ts';
import { checkGuestConfig, parseGuestConfig, parseMemorySize, type GuestConfig } from './guest-config.ts';
import { unknownName } from './unknown-name.ts';

/** Boards that exist. */
export const MACHINES = ['versatilepb'] as const;
export type MachineName = (typeof MACHINES)[number];
/** Processors that exist. */
export const CPUS = ['arm926'] as const;
export type CpuName = (typeof CPUS)[number];
/** Execution modes that exist. */
export const MODES = ['native', 'lpv'] as const satisfies readonly ExecutionMode[];

/** Options that overrule a `guest.json`; paths are relative to the caller's folder. */
export interface GuestOverrides extends GuestConfig {
  /** `lpv` when left out; `native` when there is no kernel. */
  readonly mode?: string | undefined;
}

/** A guest with everything read and checked. */
export interface ResolvedGuest {
  readonly name: string;
  /** The folder of its `guest.json` or kernel, else the caller's. */
  readonly folder: string;
  readonly mode: ExecutionMode;
  readonly machine: MachineName;
  readonly cpu: CpuName;
  /** RAM in bytes. */
  readonly memory: number;
  /** Nanoseconds of guest time for an instruction. */
  readonly clock: number;
  /** Undefined for an empty machine. */
  readonly kernel: LoadedFile | undefined;
  /** ELF files with symbols; the vmlinux of an Image is the first that matches it. */
  readonly symbols: readonly LoadedFile[];
  readonly dtb: LoadedFile | undefined;
  readonly initrd: LoadedFile | undefined;
  readonly append: string | undefined;
  /** Source path prefixes and the folders that they stand for, resolved. */
  readonly sources: Readonly<Record<string, string>>;
  /** How the kernel keeps its tasks; undefined for one that is recognized. */
  readonly awareness: AwarenessDescription | undefined;
  readonly tests: readonly GuestTest[];
}

const DEFAULT_MEMORY = '128M';
const MIN_MEMORY = 0x10_0000;
/** The Versatile PB has room for 256 MB below its devices. */
const MAX_MEMORY = 0x1000_0000;
const PAGE_SIZE = 4096;

/** A configuration, where its paths start, and the file it comes from. */
interface Source {
  readonly config: GuestConfig;
  readonly folder: string;
  readonly file?: string;
}

/**
 * Reads a guest. `guest` is a folder with a `guest.json`, such a file, a kernel (ELF, Image, zImage), a configuration,
 * or undefined to start from nothing; `overrides` win over it. Symbols in `overrides` come before the guest's own; a
 * kernel in `overrides` drops those. Relative paths in both start at `folder`. Throws an `InputError` for all that is wrong.
 */
export async function resolveGuest(
  guest: string | GuestConfig | undefined,
  overrides: GuestOverrides,
  fs: FileSystem,
  folder = '.',
): Promise<ResolvedGuest> {
  const { mode: modeName, ...options } = overrides;
  const base = await readGuest(guest, fs, folder);
  const own: Source = { config: withoutUndefined(checkGuestConfig(options)), folder };
  const sourceOf = (key: keyof GuestConfig): Source | undefined => {
    if (own.config[key] !== undefined) return own;
    return base.config[key] === undefined ? undefined : base;
  };
  const value = <K extends keyof GuestConfig>(key: K): GuestConfig[K] | undefined => sourceOf(key)?.config[key];
  const file = async (key: 'kernel' | 'dtb' | 'initrd', what: string): Promise<LoadedFile | undefined> => {
    const source = sourceOf(key);
    const path = source?.config[key];
    return source && path !== undefined ? loadFile(fs, fs.resolve(source.folder, path), what) : undefined;
  };

  const machine = choose('machine', value('machine') ?? MACHINES[0], MACHINES, sourceOf('machine')?.file);
  const cpu = choose('cpu', value('cpu') ?? CPUS[0], CPUS, sourceOf('cpu')?.file);
  const memory = checkMemory(
    parseMemorySize(value('memory') ?? DEFAULT_MEMORY, sourceOf('memory')?.file),
    sourceOf('memory')?.file,
  );
  const kernel = await file('kernel', 'kernel');
  const mode = choose('mode', modeName ?? (kernel ? 'lpv' : 'native'), MODES);
  const sources = sourceOf('sources');
  return {
    name: value('name') ?? (kernel ? baseName(kernel.path) : 'empty machine'),
    folder: base.folder,
    mode,
    machine,
    cpu,
    memory,
    clock: value('clock') ?? 1,
    kernel,
    symbols: await loadSymbols(own.config.kernel === undefined ? [own, base] : [own], fs),
    dtb: await file('dtb', 'device tree'),
    initrd: await file('initrd', 'initial RAM disk'),
    append: value('append'),
    sources: Object.fromEntries(
      Object.entries(sources?.config.sources ?? {}).map(([from, to]) => [from, fs.resolve(sources!.folder, to)]),
    ),
    awareness: own.config.kernel === undefined ? value('awareness') : own.config.awareness,
    tests: parseTests(value('tests') ?? [], MODES, sourceOf('tests')?.file),
  };
}

async function readGuest(guest: string | GuestConfig | undefined, fs: FileSystem, folder: string): Promise<Source> {
  if (guest === undefined) return { config: {}, folder };
  if (typeof guest !== 'string') return { config: withoutUndefined(checkGuestConfig(guest)), folder };
  const path = fs.resolve(folder, guest);
  if (await fs.isDirectory(path)) return readConfig(fs, path, fs.resolve(path, 'guest.json'));
  if (path.endsWith('.json')) return readConfig(fs, fs.dirname(path), path);
  return { config: { kernel: path }, folder: fs.dirname(path) };
}

async function readConfig(fs: FileSystem, folder: string, file: string): Promise<Source> {
  const { bytes } = await loadFile(fs, file, 'description of the guest');
  const config = parseGuestConfig(bytes, file);
  if (config.kernel !== undefined) return { config, folder, file };
  throw new InputError('"kernel" is missing', { file, remedy: 'Name the kernel: "kernel": "vmlinux"' });
}

/** The symbols files of all sources, in their order, each path once. */
async function loadSymbols(from: readonly Source[], fs: FileSystem): Promise<LoadedFile[]> {
  const paths = from.flatMap(({ config: { symbols = [] }, folder }) =>
    (typeof symbols === 'string' ? [symbols] : symbols).map((path) => fs.resolve(folder, path)),
  );
  return Promise.all([...new Set(paths)].map((path) => loadFile(fs, path, 'symbols file')));
}

function choose<T extends string>(kind: string, name: string, known: readonly T[], file?: string): T {
  const found = known.find((candidate) => candidate === name);
  if (found === undefined) throw unknownName(kind, name, known, file);
  return found;
}

function checkMemory(bytes: number, file?: string): number {
  if (bytes >= MIN_MEMORY && bytes <= MAX_MEMORY && bytes % PAGE_SIZE === 0) return bytes;
  throw new InputError(`memory size of ${bytes} bytes is not possible on versatilepb`, {
    file,
    remedy: 'Give 1M to 256M, in whole pages of 4K',
  });
}

function withoutUndefined(config: GuestConfig): GuestConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}
