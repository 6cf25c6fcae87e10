/** `modules`: the files whose symbols are loaded. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ElfFile } from '../../formats/elf.ts';
import { PT_LOAD } from '../../formats/elf-types.ts';
import { baseName } from '../../symbols/dwarf/source-path.ts';
import { hex32 } from '../target.ts';
import type { RequestArguments } from './arguments.ts';
import type { Guest } from './guest.ts';

/** `modules`. */
export function modules(
  guest: Guest,
  args: RequestArguments,
): { modules: DebugProtocol.Module[]; totalModules: number } {
  const start = args.integer('startModule', { min: 0, default: 0 });
  const count = args.integer('moduleCount', { min: 0, default: 0 });
  const all = guest.symbols.files.map((file, index) => describe(file, index, symbolStatus(guest, file)));
  return { modules: all.slice(start, count === 0 ? undefined : start + count), totalModules: all.length };
}

/**
 * The bodies of `module` events for a guest that takes the place of one with `before` modules. Without the state of their
 * symbols, which takes reading the debug information: `modules` has it.
 */
export function moduleEvents(guest: Guest, before: number): DebugProtocol.ModuleEvent['body'][] {
  const { files } = guest.symbols;
  const events: DebugProtocol.ModuleEvent['body'][] = files.map((file, index) => ({
    reason: index < before ? 'changed' : 'new',
    module: describe(file, index),
  }));
  for (let id = files.length + 1; id <= before; id++) events.push({ reason: 'removed', module: { id, name: '' } });
  return events;
}

/** `loadedSources`: the source files that the debug information names and that are there. */
export function loadedSources(guest: Guest): DebugProtocol.Source[] {
  const paths = guest.sources.sourceFiles.flatMap((name) => guest.sources.local(name) ?? []);
  return [...new Set(paths)].map((path) => ({ name: baseName(path), path }));
}

/** What is known from a file, in a few words. */
function symbolStatus(guest: Guest, file: ElfFile): string {
  const { count } = file.symbols;
  const symbols = count > 1 ? `${count} symbols` : 'No symbols';
  const { info, problem } = guest.debug.of(file);
  if (problem !== undefined) return `${symbols}; the debug information cannot be read: ${problem}`;
  return info ? `${symbols}, source lines of ${info.units.units.length} units` : `${symbols}, no debug information`;
}

function describe(file: ElfFile, index: number, symbolStatus?: string): DebugProtocol.Module {
  const module: DebugProtocol.Module = {
    id: index + 1,
    name: file.name.split(/[/\\]/).pop() ?? file.name,
    path: file.name,
    symbolFilePath: file.name,
    ...(symbolStatus !== undefined && { symbolStatus }),
  };
  const loads = file.segments.filter(({ type, memorySize }) => type === PT_LOAD && memorySize > 0);
  if (loads.length > 0) {
    module.addressRange = loads
      .map(({ virtualAddress, memorySize }) => `${hex32(virtualAddress)}-${hex32(virtualAddress + memorySize - 1)}`)
      .join(', ');
  }
  return module;
}
