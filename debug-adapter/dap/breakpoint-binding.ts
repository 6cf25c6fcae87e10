/** From what a client names (a line, a function, an address) to linked addresses of instructions. */
import type { LineAddress } from '../../symbols/dwarf/source-index.ts';
import { hex32 } from '../target.ts';
import { parseAddress } from './address.ts';
import type { Guest } from './guest.ts';

/** Where a breakpoint is, or why it is nowhere. */
export interface Binding {
  readonly addresses: readonly number[];
  /** The line that has the code, where it was set by line. */
  readonly line?: number;
  readonly column?: number;
  readonly message?: string;
}

const unbound = (message: string): Binding => ({ addresses: [], message });

/** Binds a function name, or an address written in its place. */
export function bindFunction(guest: Guest, name: string): Binding {
  if (/^(0x[0-9a-f]+|\d+)$/i.test(name)) return bindAddress(guest, parseAddress(name));
  const fromDebug = guest.debug.all.flatMap((info) => info.breakpointsFor(name));
  if (fromDebug.length > 0) return { addresses: [...new Set(fromDebug)] };
  const symbol = guest.symbols.find(name);
  if (symbol) return bindAddress(guest, symbol.address);
  const { files } = guest.symbols;
  if (files.every((file) => file.symbols.count <= 1)) {
    return unbound('No symbols are loaded; set "symbols" to an ELF file of this kernel.');
  }
  const suggestion = guest.symbols.suggest(name);
  const hint = suggestion ? ` Did you mean ${suggestion}?` : '';
  return unbound(`No symbol ${name} in ${files.map((file) => file.name).join(', ')}.${hint}`);
}

/** Binds an address, which must be that of an instruction. */
export function bindAddress(guest: Guest | undefined, address: number): Binding {
  const kind = guest?.symbols.kind(address);
  if (kind === 'd') return unbound(`${hex32(address)} holds data, not an instruction.`);
  const odd = kind === 'a' ? address & 3 : address & 1;
  return odd ? unbound(`${hex32(address)} is not the address of an instruction.`) : { addresses: [address] };
}

/** Binds a line of a source file: in every function and inlined copy that has code for it, or for the next line with code. */
export function bindLine(guest: Guest, path: string, line: number): Binding {
  const names = guest.sources.namesOf(path);
  const found = names.flatMap((name) => linesOf(guest, name, line, names));
  const best = Math.min(...found.map((place) => place.line));
  const places = found.filter((place) => place.line === best);
  if (places.length === 0) return unbound(whyNoCode(guest, path, line, names));
  const addresses = [...new Set(places.map(({ address }) => address))];
  return { addresses, line: best, column: Math.max(1, Math.min(...places.map(({ column }) => column))) };
}

function linesOf(guest: Guest, name: string, line: number, names: readonly string[]): LineAddress[] {
  return guest.debug.all.flatMap((info) => info.addressesOf(name, line)).filter(({ file }) => names.includes(file));
}

/** The lines of a source file that have code, ascending; those of any of the loaded files. */
export function linesWithCode(guest: Guest, path: string): number[] {
  const names = guest.sources.namesOf(path);
  const lines = names.flatMap((name) => guest.debug.all.flatMap((info) => info.linesWithCode(name)));
  return [...new Set(lines)].sort((a, b) => a - b);
}

/** One sentence or two on why a line has no code. */
export function whyNoCode(guest: Guest, path: string, line: number, names = guest.sources.namesOf(path)): string {
  const { files } = guest.symbols;
  const fileNames = files.map((file) => file.name).join(', ');
  if (files.length === 0) return 'No symbols are loaded; set "symbols" to an ELF file of this kernel.';
  const problem = files.map((file) => guest.debug.of(file).problem).find((text) => text !== undefined);
  if (problem !== undefined) return `The debug information cannot be read: ${problem}`;
  if (guest.debug.all.length === 0) {
    return `${fileNames} has no debug information; build it with -g, or set "symbols" to a file that has it.`;
  }
  if (names.length > 0) {
    const last = linesWithCode(guest, path).at(-1);
    if (last === undefined) return `No code was compiled from this file into ${fileNames}.`;
    return `There is no code at line ${line} or after it; the last line with code is ${last}.`;
  }
  const similar = guest.sources.similar(path);
  if (similar.length === 0) return `No file of this name was compiled into ${fileNames}.`;
  const shown = similar.slice(0, 3).join(', ');
  return `${fileNames} was compiled from ${shown}, which is not known to be this file; set "sourceMap" from the folder there to the folder here.`;
}
