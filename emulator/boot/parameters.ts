/** What a Linux kernel is told at its start: an edited device tree, or a list of ATAGs (Linux Documentation/arm/booting.rst). */
import {
  cellsProperty,
  cellsValue,
  ensureNode,
  parseDeviceTree,
  serializeDeviceTree,
  stringProperty,
  stringValue,
  type DeviceTree,
} from '../../formats/device-tree.ts';
import { InputError } from '../../formats/input-error.ts';
import type { MemorySlot } from '../vm.ts';

/** A range of physical addresses, the end not included. */
export interface InitrdRange {
  readonly start: number;
  readonly end: number;
}

/** What both forms tell the kernel. */
export interface BootParameters {
  readonly memory: readonly MemorySlot[];
  readonly append: string | undefined;
  readonly initrd: InitrdRange | undefined;
}

/** The longest command line accepted, in bytes; Linux on ARM keeps 1024. */
export const MAX_COMMAND_LINE = 4096;
const PAGE_SIZE = 4096;
/** ATAG values of Linux arch/arm/include/uapi/asm/setup.h. */
const ATAG = { none: 0, core: 0x54410001, memory: 0x54410002, initrd2: 0x54420005, commandLine: 0x54410009 } as const;

/** Throws an `InputError` for a command line that cannot be passed on. */
export function checkCommandLine(append: string): void {
  const bytes = new TextEncoder().encode(append).length;
  if (bytes >= MAX_COMMAND_LINE) {
    throw new InputError(`the kernel command line (append) has ${bytes} bytes`, {
      remedy: `Keep it below ${MAX_COMMAND_LINE}`,
    });
  }
  if (append.includes('\0')) throw new InputError('the kernel command line (append) contains a NUL character');
}

/** The device tree with the machine's memory, the command line and the place of the initial RAM disk written in. */
export function editDeviceTree(bytes: Uint8Array, name: string, parameters: BootParameters): Uint8Array {
  const tree = parseDeviceTree(bytes, name);
  writeMemory(tree, name, parameters.memory);
  const chosen = ensureNode(tree, '/chosen').properties;
  if (parameters.append !== undefined) chosen.set('bootargs', stringValue(parameters.append));
  chosen.delete('linux,initrd-start');
  chosen.delete('linux,initrd-end');
  if (parameters.initrd) {
    chosen.set('linux,initrd-start', cellsValue([parameters.initrd.start]));
    chosen.set('linux,initrd-end', cellsValue([parameters.initrd.end]));
  }
  return serializeDeviceTree(tree);
}

/** Leaves one memory node, with every slot in it. */
function writeMemory(tree: DeviceTree, name: string, memory: readonly MemorySlot[]): void {
  const { root } = tree;
  const addressCells = cellCount(tree, name, '#address-cells', 2);
  const sizeCells = cellCount(tree, name, '#size-cells', 1);
  const isMemory = (node: { name: string; properties: Map<string, Uint8Array> }): boolean =>
    stringProperty(node as typeof root, 'device_type') === 'memory' || /^memory(@|$)/.test(node.name);
  let node = root.children.find(isMemory);
  if (!node) {
    node = { name: 'memory', properties: new Map(), children: [] };
    root.children.push(node);
  }
  const others = root.children.filter((child) => child === node || !isMemory(child));
  root.children.splice(0, root.children.length, ...others);
  const wide = (value: number, cells: number): number[] => (cells === 2 ? [0, value] : [value]);
  node.properties.set('device_type', stringValue('memory'));
  node.properties.set(
    'reg',
    cellsValue(memory.flatMap(({ base, size }) => [...wide(base, addressCells), ...wide(size, sizeCells)])),
  );
}

function cellCount(tree: DeviceTree, name: string, property: string, standard: number): number {
  const count = cellsProperty(tree.root, property)?.[0] ?? standard;
  if (count === 1 || count === 2) return count;
  throw new InputError(`${property} of the root node is ${count}; 1 or 2 are possible`, {
    file: name,
    remedy: 'Give the device tree of this machine',
  });
}

/** The ATAG list: CORE, one MEM for each slot, INITRD2, CMDLINE, NONE. */
export function makeAtags({ memory, append, initrd }: BootParameters): Uint8Array {
  const words: number[] = [];
  const tag = (id: number, ...data: number[]): void => void words.push(data.length + 2, id, ...data);
  tag(ATAG.core, 1, PAGE_SIZE, 0);
  for (const { base, size } of memory) tag(ATAG.memory, size, base);
  if (initrd) tag(ATAG.initrd2, initrd.start, initrd.end - initrd.start);
  if (append !== undefined && append !== '') {
    const text = new TextEncoder().encode(`${append}\0`);
    const padded = new Uint8Array((text.length + 3) & ~3);
    padded.set(text);
    const view = new DataView(padded.buffer);
    tag(ATAG.commandLine, ...Array.from({ length: padded.length / 4 }, (_, i) => view.getUint32(i * 4, true)));
  }
  words.push(0, ATAG.none);
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(i * 4, word, true));
  return bytes;
}
