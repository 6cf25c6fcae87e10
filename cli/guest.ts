/** The options by which a command names its guest, and the machine that they make. */
import { kernelAccess } from '../debug-adapter/awareness/access.ts';
import type { Awareness } from '../debug-adapter/awareness/awareness.ts';
import { openAwareness } from '../debug-adapter/awareness/open.ts';
import { DebugFiles } from '../debug-adapter/dap/debug-files.ts';
import { createMachine } from '../debug-adapter/launch/create-machine.ts';
import type { GuestConfig } from '../debug-adapter/launch/guest-config.ts';
import { CodeNames } from '../debug-adapter/inspection/code-names.ts';
import type { SourceSettings } from '../debug-adapter/dap/source-paths.ts';
import type { LoadedFile } from '../debug-adapter/launch/file-system.ts';
import { guestSymbols, type GuestSymbols } from '../debug-adapter/launch/guest-symbols.ts';
import { nodeFileSystem } from '../debug-adapter/launch/node-file-system.ts';
import { type ResolvedGuest, resolveGuest } from '../debug-adapter/launch/resolve-guest.ts';
import { applyBoot } from '../emulator/boot/apply.ts';
import { prepareCore } from '../emulator/core.ts';
import type { Machine } from '../emulator/machine.ts';
import { type HypervisorOptions, parseModeSwitch, parseSavings, SAVINGS } from '../hypervisor/options.ts';
import { DEFAULT_MODE_SWITCH, MODE_SWITCHES } from '../hypervisor/shadow/mode-switch.ts';
import { SymbolIndex } from '../symbols/symbol-index.ts';
import type { OptionSpecs, ParsedArguments } from './command.ts';

/** Options of the machine alone. */
export const MACHINE_OPTIONS: OptionSpecs = {
  mode: { value: 'MODE', help: 'native, or lpv (paravirtualized); default lpv, without a kernel native' },
  machine: { value: 'NAME', help: 'versatilepb' },
  cpu: { value: 'NAME', help: 'arm926' },
  memory: { value: 'SIZE', help: 'RAM, such as 128M' },
};

/** Options of the hypervisor; none of them changes what a guest sees. */
export const HYPERVISOR_OPTIONS: OptionSpecs = {
  savings: { value: 'LIST', help: `exits to avoid: all (the default), none, or some of ${SAVINGS.join(',')}` },
  'mode-switch': {
    value: 'NAME',
    help: `shadow tables at a change of mode: ${MODE_SWITCHES.join(', ')}; default ${DEFAULT_MODE_SWITCH}`,
  },
  check: { value: 'WHAT', help: 'shadow: compare the shadow with the guest tables at every exit' },
};

/** What a debugger debugs. */
export const DEBUG_OPTION: OptionSpecs = {
  debug: { value: 'WHAT', help: "guest (default), or host: the physical CPU, with the hypervisor's world switch" },
};

function hypervisorOptions(args: ParsedArguments): HypervisorOptions {
  const savings = args.text('savings');
  const modeSwitch = args.text('mode-switch');
  return {
    ...(savings !== undefined && { savings: parseSavings(savings) }),
    ...(modeSwitch !== undefined && { modeSwitch: parseModeSwitch(modeSwitch) }),
    checkShadow: args.choice('check', ['shadow']) === 'shadow',
    debugHost: args.choice('debug', ['guest', 'host']) === 'host',
  };
}

/** Options of the machine and of what is loaded into it; each overrides the guest's guest.json. */
export const GUEST_OPTIONS: OptionSpecs = {
  ...MACHINE_OPTIONS,
  ...HYPERVISOR_OPTIONS,
  kernel: { value: 'FILE', help: 'an ELF file, an Image or a zImage' },
  symbols: { value: 'FILE', help: 'ELF file with the symbols of an Image' },
  dtb: { value: 'FILE', help: 'device tree' },
  initrd: { value: 'FILE', help: 'initial RAM disk' },
  append: { value: 'TEXT', help: 'kernel command line' },
  patch: {
    value: 'HOW',
    help: 'auto (default): replace sensitive instructions while loading; off: the kernel is patched',
  },
  clock: { value: 'NS', help: 'nanoseconds of guest time for an instruction; default 1' },
};

/** A guest in its machine, before its first instruction. */
export interface LoadedGuest {
  name: string;
  machine: Machine;
  /** What paravirtualization did to its kernel, one line each. */
  notes: readonly string[];
  /** Puts the guest back to its first instruction, with its files loaded again. */
  reset(): void;
  /** Names of its code; reads the symbol tables at each call. */
  codeNames(): CodeNames;
  /** What a debug session wants to know, with further files of symbols. Throws an `InputError` for one that is none. */
  debugging(extra: readonly LoadedFile[]): GuestSymbols & {
    cpu: string;
    sources: SourceSettings;
    awareness: ResolvedGuest['awareness'];
  };
  /** What is known of its tasks; reads its debug information at each call. Undefined where its kernel is not known. */
  tasks(): Awareness | undefined;
  /** Address of the kernel's function `panic`. */
  panicAddress: number | undefined;
}

const MAX_CLOCK = 1e6;

/** Loads the guest that the arguments name. Throws an `InputError` or a `UsageError` for what is wrong with it. */
export async function loadGuest(guest: string | GuestConfig | undefined, args: ParsedArguments): Promise<LoadedGuest> {
  const clock = args.positive('clock', MAX_CLOCK);
  const hypervisor = hypervisorOptions(args);
  const prepared = prepareCore();
  const resolved = await resolveGuest(
    guest,
    {
      mode: args.text('mode'),
      machine: args.text('machine'),
      cpu: args.text('cpu'),
      memory: args.text('memory'),
      kernel: args.text('kernel'),
      symbols: args.text('symbols'),
      dtb: args.text('dtb'),
      initrd: args.text('initrd'),
      append: args.text('append'),
      patch: args.text('patch'),
      clock,
    },
    nodeFileSystem,
    process.cwd(),
  );
  if (resolved.mode === 'native')
    for (const name of Object.keys({ ...HYPERVISOR_OPTIONS, ...DEBUG_OPTION }))
      if (args.has(name))
        process.stderr.write(`trapline: --${name} has no effect in native mode, without a hypervisor\n`);
  await prepared;
  const created = await createMachine(resolved, { hypervisor });
  const { machine, plan, elf, patchNotes } = created;
  return {
    name: resolved.name,
    machine,
    notes: patchNotes,
    reset: () => {
      machine.board.reset();
      machine.vcpu.reset();
      if (plan) applyBoot(plan, machine.vm);
    },
    codeNames: () => {
      const { files, ranges } = guestSymbols(resolved, created);
      return new CodeNames(new SymbolIndex(files), ranges);
    },
    debugging: (extra) => ({
      cpu: resolved.cpu,
      ...guestSymbols({ ...resolved, symbols: [...resolved.symbols, ...extra] }, created),
      sources: { folder: resolved.folder, map: resolved.sources },
      awareness: resolved.awareness,
    }),
    tasks: () => {
      const accesses = new DebugFiles(guestSymbols(resolved, created).files).all.map((info) =>
        kernelAccess(machine, info),
      );
      return openAwareness(accesses, { name: resolved.name, description: resolved.awareness }, machine.vcpu);
    },
    panicAddress: elf?.symbols.find('panic')?.address,
  };
}
