/** Flattened device trees (Devicetree Specification v0.4, chapter 5; version 17): parse, edit, serialise. */
import { InputError } from './input-error.ts';

/** A node: properties in their order, then children. */
export interface DeviceTreeNode {
  /** Name with its unit address; empty for the root. */
  name: string;
  readonly properties: Map<string, Uint8Array>;
  readonly children: DeviceTreeNode[];
}

/** A memory reservation, in bytes. */
export interface MemoryReservation {
  readonly address: bigint;
  readonly size: bigint;
}

/** A whole tree. */
export interface DeviceTree {
  readonly root: DeviceTreeNode;
  readonly reservations: readonly MemoryReservation[];
  readonly bootCpu: number;
}

const MAGIC = 0xd00dfeed;
const VERSION = 17;
const LAST_COMPATIBLE = 16;
const HEADER_SIZE = 40;
const TOKEN = { beginNode: 1, endNode: 2, property: 3, nop: 4, end: 9 } as const;
const MAX_DEPTH = 64;

const align4 = (offset: number): number => (offset + 3) & ~3;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Whether the bytes begin with the magic of a device tree blob. */
export function isDeviceTree(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0xd0 && bytes[1] === 0x0d && bytes[2] === 0xfe && bytes[3] === 0xed;
}

/** Parses a blob; the property values are copies. Throws an `InputError` for anything malformed. */
export function parseDeviceTree(bytes: Uint8Array, name = 'device tree'): DeviceTree {
  return new Parser(bytes, name).parse();
}

/** Serialises as version 17, the strings block shared between properties of one name. */
export function serializeDeviceTree(tree: DeviceTree): Uint8Array {
  const strings = new StringBlock();
  const structure = new Writer();
  writeNode(structure, strings, tree.root);
  structure.u32(TOKEN.end);

  const reservations = HEADER_SIZE;
  const structureOffset = reservations + (tree.reservations.length + 1) * 16;
  const stringsOffset = structureOffset + structure.length;
  const header = new Writer();
  const total = stringsOffset + strings.size;
  for (const field of [MAGIC, total, structureOffset, stringsOffset, reservations, VERSION, LAST_COMPATIBLE])
    header.u32(field);
  for (const field of [tree.bootCpu, strings.size, structure.length]) header.u32(field);
  for (const { address, size } of [...tree.reservations, { address: 0n, size: 0n }]) {
    header.u64(address);
    header.u64(size);
  }
  const output = new Uint8Array(total);
  output.set(header.bytes(), 0);
  output.set(structure.bytes(), structureOffset);
  output.set(strings.bytes(), stringsOffset);
  return output;
}

/** The node at a path such as `/amba/uart@101f1000`; a unit address may be left out where it is unambiguous. */
export function findNode(tree: DeviceTree, path: string): DeviceTreeNode | undefined {
  let node: DeviceTreeNode | undefined = tree.root;
  for (const part of path.split('/').filter((part) => part !== '')) {
    node = childNamed(node, part);
    if (!node) return undefined;
  }
  return node;
}

/** The node at a path, made (with those above it) where it does not exist. */
export function ensureNode(tree: DeviceTree, path: string): DeviceTreeNode {
  let node = tree.root;
  for (const part of path.split('/').filter((part) => part !== '')) {
    let child = childNamed(node, part);
    if (!child) {
      child = { name: part, properties: new Map(), children: [] };
      node.children.push(child);
    }
    node = child;
  }
  return node;
}

/** A NUL-terminated string property. */
export function stringValue(text: string): Uint8Array {
  return encoder.encode(`${text}\0`);
}

/** A property of big-endian 32-bit cells. */
export function cellsValue(cells: readonly number[]): Uint8Array {
  const writer = new Writer();
  for (const cell of cells) writer.u32(cell >>> 0);
  return writer.bytes();
}

/** The text of a string property, up to its first NUL; undefined when the property is missing. */
export function stringProperty(node: DeviceTreeNode, name: string): string | undefined {
  const value = node.properties.get(name);
  if (!value) return undefined;
  const end = value.indexOf(0);
  return decoder.decode(end < 0 ? value : value.subarray(0, end));
}

/** The cells of a property; undefined when it is missing or not a whole number of cells. */
export function cellsProperty(node: DeviceTreeNode, name: string): number[] | undefined {
  const value = node.properties.get(name);
  if (!value || value.length % 4 !== 0) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Array.from({ length: value.length / 4 }, (_, i) => view.getUint32(i * 4));
}

function childNamed(node: DeviceTreeNode, part: string): DeviceTreeNode | undefined {
  const exact = node.children.find((child) => child.name === part);
  if (exact || part.includes('@')) return exact;
  return node.children.find((child) => child.name.startsWith(`${part}@`));
}

function writeNode(writer: Writer, strings: StringBlock, node: DeviceTreeNode): void {
  writer.u32(TOKEN.beginNode);
  writer.padded(stringValue(node.name));
  for (const [name, value] of node.properties) {
    writer.u32(TOKEN.property);
    writer.u32(value.length);
    writer.u32(strings.offset(name));
    writer.padded(value);
  }
  for (const child of node.children) writeNode(writer, strings, child);
  writer.u32(TOKEN.endNode);
}

class Parser {
  private readonly bytes: Uint8Array;
  private readonly name: string;
  private readonly view: DataView;
  private at = 0;
  /** End of the structure block. */
  private end = 0;
  private stringsStart = 0;
  private stringsEnd = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.bytes = bytes;
    this.name = name;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  parse(): DeviceTree {
    if (!isDeviceTree(this.bytes)) this.fail('not a device tree blob: the magic d00dfeed is missing', 0);
    if (this.bytes.length < HEADER_SIZE) this.fail('cut short: no whole header', this.bytes.length);
    const [total, structure, strings, reservations, version, compatible, bootCpu, stringsSize, structureSize] =
      Array.from({ length: 9 }, (_, i) => this.view.getUint32(4 + i * 4));
    if (total > this.bytes.length) this.fail(`cut short: ${this.bytes.length} of ${total} bytes`, 4);
    if (version < VERSION || compatible > VERSION)
      this.fail(`version ${version} (compatible to ${compatible}) is not 17`, 20);
    if (structure % 4 !== 0 || structure + structureSize > total)
      this.fail('the structure block lies outside the file', 8);
    if (strings + stringsSize > total) this.fail('the strings block lies outside the file', 12);
    this.at = structure;
    this.end = structure + structureSize;
    this.stringsStart = strings;
    this.stringsEnd = strings + stringsSize;
    return { root: this.readTree(), reservations: this.readReservations(reservations, total), bootCpu };
  }

  private readReservations(start: number, total: number): MemoryReservation[] {
    const list: MemoryReservation[] = [];
    for (let at = start; at + 16 <= total; at += 16) {
      const address = this.view.getBigUint64(at);
      const size = this.view.getBigUint64(at + 8);
      if (address === 0n && size === 0n) return list;
      list.push({ address, size });
    }
    return this.fail('the memory reservation block does not end', 16);
  }

  private readTree(): DeviceTreeNode {
    const open: DeviceTreeNode[] = [];
    let root: DeviceTreeNode | undefined;
    for (;;) {
      const place = this.at;
      const token = this.u32();
      switch (token) {
        case TOKEN.beginNode: {
          const node: DeviceTreeNode = { name: this.nodeName(), properties: new Map(), children: [] };
          if (open.length === 0 && root) this.fail('more than one root node', place);
          if (open.length >= MAX_DEPTH) this.fail(`nodes more than ${MAX_DEPTH} deep`, place);
          open.at(-1)?.children.push(node);
          root ??= node;
          open.push(node);
          break;
        }
        case TOKEN.endNode:
          if (!open.pop()) this.fail('a node ends that never began', place);
          break;
        case TOKEN.property:
          this.readProperty(open.at(-1) ?? this.fail('a property outside every node', place));
          break;
        case TOKEN.nop:
          break;
        case TOKEN.end:
          if (!root || open.length > 0) this.fail('the structure block ends inside a node', place);
          return root;
        default:
          this.fail(`unknown token ${token}`, place);
      }
    }
  }

  private readProperty(node: DeviceTreeNode): void {
    const place = this.at;
    const size = this.u32();
    const nameOffset = this.stringsStart + this.u32();
    if (this.at + size > this.end) this.fail(`a property of ${size} bytes reaches past the structure block`, place);
    const nameEnd = this.bytes.indexOf(0, nameOffset);
    if (nameOffset >= this.stringsEnd || nameEnd < 0 || nameEnd >= this.stringsEnd) {
      this.fail('the name of a property lies outside the strings block', place + 4);
    }
    const name = decoder.decode(this.bytes.subarray(nameOffset, nameEnd));
    node.properties.set(name, new Uint8Array(this.bytes.subarray(this.at, this.at + size)));
    this.at = align4(this.at + size);
  }

  private nodeName(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0 || end >= this.end) this.fail('the name of a node does not end', this.at);
    const name = decoder.decode(this.bytes.subarray(this.at, end));
    this.at = align4(end + 1);
    return name;
  }

  private u32(): number {
    if (this.at + 4 > this.end) this.fail('the structure block is cut short', this.at);
    const value = this.view.getUint32(this.at);
    this.at += 4;
    return value;
  }

  private fail(problem: string, offset: number): never {
    throw new InputError(problem, { file: this.name, offset, remedy: 'Compile it again with dtc -O dtb' });
  }
}

/** Growing big-endian output. */
class Writer {
  private buffer = new Uint8Array(256);
  private view = new DataView(this.buffer.buffer);
  length = 0;

  u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value);
    this.length += 4;
  }

  u64(value: bigint): void {
    this.reserve(8);
    this.view.setBigUint64(this.length, value);
    this.length += 8;
  }

  /** Bytes, then zeros to a multiple of 4. */
  padded(bytes: Uint8Array): void {
    this.reserve(bytes.length + 3);
    this.buffer.set(bytes, this.length);
    this.length = align4(this.length + bytes.length);
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  private reserve(size: number): void {
    if (this.length + size <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + size));
    grown.set(this.buffer);
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Property names, each stored once. */
class StringBlock {
  private readonly offsets = new Map<string, number>();
  private readonly parts: Uint8Array[] = [];
  size = 0;

  offset(name: string): number {
    const known = this.offsets.get(name);
    if (known !== undefined) return known;
    const bytes = stringValue(name);
    const offset = this.size;
    this.offsets.set(name, offset);
    this.parts.push(bytes);
    this.size += bytes.length;
    return offset;
  }

  bytes(): Uint8Array {
    const output = new Uint8Array(this.size);
    let at = 0;
    for (const part of this.parts) {
      output.set(part, at);
      at += part.length;
    }
    return output;
  }
}
