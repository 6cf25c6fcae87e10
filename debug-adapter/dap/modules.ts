/** `modules`: the files whose symbols are loaded. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ElfFile } from '../../formats/elf.ts';
import { PT_LOAD } from '../../formats/elf-types.ts';
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
  const all = guest.symbols.files.map(describe);
  return { modules: all.slice(start, count === 0 ? undefined : start + count), totalModules: all.length };
}

function describe(file: ElfFile, index: number): DebugProtocol.Module {
  const { count } = file.symbols;
  const module: DebugProtocol.Module = {
    id: index + 1,
    name: file.name.split(/[/\\]/).pop() ?? file.name,
    path: file.name,
    symbolFilePath: file.name,
    symbolStatus: count > 1 ? `${count} symbols` : 'No symbols',
  };
  const loads = file.segments.filter(({ type, memorySize }) => type === PT_LOAD && memorySize > 0);
  if (loads.length > 0) {
    module.addressRange = loads
      .map(({ virtualAddress, memorySize }) => `${hex32(virtualAddress)}-${hex32(virtualAddress + memorySize - 1)}`)
      .join(', ');
  }
  return module;
}
