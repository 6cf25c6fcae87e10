/** A kernel's data as its debug information lays it out: symbols, members by name, words, text, lists. */
import type { RegisterName } from '../../emulator/registers.ts';
import { hex, InputError } from '../../formats/input-error.ts';
import { findMember } from '../../symbols/c-expression/compile.ts';
import type { DebugInfo } from '../../symbols/debug-info.ts';
import { resolved, type DebugType } from '../../symbols/dwarf/types.ts';

/** What reading a kernel needs of the machine that it runs on. */
export interface KernelAccess {
  /** The kernel's debug information. */
  readonly info: DebugInfo;
  register(name: RegisterName): number;
  /** Guest memory by virtual address; shorter when it cannot be read. */
  memory(address: number, size: number): Uint8Array;
  /** Where a virtual address is in RAM; undefined when it is not mapped. */
  physical(address: number): number | undefined;
}

/** A list that is longer is taken for damage. */
const LONGEST_LIST = 65_536;
/** Text is read in pieces, since what follows its end may not be readable. */
const TEXT_PIECE = 64;

interface Field {
  readonly offset: number;
  readonly type: DebugType;
}

export class KernelMemory {
  readonly access: KernelAccess;
  private readonly structures = new Map<string, DebugType | undefined>();
  private readonly fields = new Map<string, Field | undefined>();

  constructor(access: KernelAccess) {
    this.access = access;
  }

  /** The address of a symbol; undefined when the kernel has none of that name. */
  symbol(name: string): number | undefined {
    return this.access.info.elf.symbols.find(name)?.address;
  }

  /** The address of a symbol. Throws when the kernel has none of that name. */
  requiredSymbol(name: string): number {
    const address = this.symbol(name);
    if (address === undefined) throw new InputError(`this kernel has no ${name}`);
    return address;
  }

  /** The definition of a structure; undefined when the kernel has none of that name. */
  structure(name: string): DebugType | undefined {
    if (!this.structures.has(name)) this.structures.set(name, this.access.info.typeNamed('struct', name));
    return this.structures.get(name);
  }

  /** Whether a structure has a member. A path goes into structures inside it: `name.release`. */
  has(structure: string, path: string): boolean {
    return this.find(structure, path) !== undefined;
  }

  /** The offset of a member in bytes. Throws when this kernel's structure has none. */
  offset(structure: string, path: string): number {
    return this.field(structure, path).offset;
  }

  /** The type of a member. Throws when this kernel's structure has none. */
  typeOf(structure: string, path: string): DebugType {
    return this.field(structure, path).type;
  }

  /** The size of a structure in bytes. */
  size(structure: string): number {
    const size = this.structure(structure)?.size;
    if (size === undefined) throw new InputError(`this kernel has no struct ${structure}`);
    return size;
  }

  /** An unsigned word. */
  word(address: number): number {
    const bytes = this.bytes(address, 4);
    return (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0;
  }

  /** The word in a member of the structure at an address. */
  member(address: number, structure: string, path: string): number {
    return this.word(address + this.offset(structure, path));
  }

  /** A member of at most 32 bits, without a sign; bit fields as well. */
  number(address: number, structure: string, path: string): number {
    const { type, offset } = this.field(structure, path);
    const bytes = this.bytes(address + offset, Math.min(4, resolved(type).size ?? 4));
    return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
  }

  bytes(address: number, size: number): Uint8Array {
    const bytes = this.access.memory(address >>> 0, size);
    if (bytes.length !== size) throw new InputError(`memory at ${hex(address >>> 0)} cannot be read`);
    return bytes;
  }

  /** Text up to its NUL, at most `most` bytes. */
  text(address: number, most: number): string {
    const characters: number[] = [];
    while (characters.length < most) {
      const at = (address + characters.length) >>> 0;
      const piece = this.access.memory(at, Math.min(TEXT_PIECE, most - characters.length));
      if (piece.length === 0) throw new InputError(`memory at ${hex(at)} cannot be read`);
      const end = piece.indexOf(0);
      characters.push(...(end < 0 ? piece : piece.subarray(0, end)));
      if (end >= 0) break;
    }
    return printable(Uint8Array.from(characters));
  }

  /** The text in an array of characters that is a member. */
  textMember(address: number, structure: string, path: string): string {
    const { offset, type } = this.field(structure, path);
    return this.text(address + offset, resolved(type).size ?? 0);
  }

  /**
   * The structures on a `struct list_head`, each linked by its member at `offset`; the head is not among them. Throws
   * when the list does not come back to its head.
   */
  *list(head: number, offset: number): Generator<number> {
    const seen = new Set<number>();
    for (let node = this.word(head); node !== head; node = this.word(node)) {
      if (seen.has(node) || seen.size === LONGEST_LIST) {
        throw new InputError(`the list at ${hex(head)} does not come back to its head`);
      }
      seen.add(node);
      yield (node - offset) >>> 0;
    }
  }

  private field(structure: string, path: string): Field {
    const field = this.find(structure, path);
    if (!field) throw new InputError(`struct ${structure} of this kernel has no member ${path}`);
    return field;
  }

  private find(structure: string, path: string): Field | undefined {
    const key = `${structure} ${path}`;
    if (!this.fields.has(key)) this.fields.set(key, this.locate(structure, path));
    return this.fields.get(key);
  }

  private locate(structure: string, path: string): Field | undefined {
    let type = this.structure(structure);
    let offset = 0;
    for (const name of path.split('.')) {
      const member = type && findMember(this.access.info, type, name);
      if (!member) return undefined;
      offset += member.offset;
      ({ type } = member);
    }
    return type && { offset, type };
  }
}

/** Bytes as text, with what no terminal should be sent replaced. */
export function printable(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8').decode(bytes);
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '?');
}
