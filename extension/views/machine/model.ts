/** What the Machine view shows: groups of registers, registers, and their fields, as one tree. */
import type { CpuState, MachineResponse, RegisterField, SystemRegister } from '../../../debug-adapter/protocol.ts';
import { formatSize } from '../ui/format.ts';

/** A register that can be written, by the scope of the debug adapter that has it. */
export interface Writable {
  scope: 'Core registers' | 'Banked registers' | 'Status' | 'System control';
  name: string;
}

export interface MachineRow {
  key: string;
  depth: 1 | 2 | 3;
  name: string;
  /** As the guest sees it, and as the physical CPU has it. */
  value: string;
  physical: string;
  meaning: string;
  hasChildren: boolean;
  writable?: Writable;
  /** Of a field: its register, its lowest bit and its width, when it can be changed by itself. */
  field?: { register: Writable; bit: number; width: number; word: number };
}

const CORE = [...Array.from({ length: 13 }, (_, i) => `r${i}`), 'sp', 'lr', 'pc', 'cpsr'];

/** Bits of a status register (ARM DDI 0100I, A2.5). */
const STATUS_FIELDS: readonly (readonly [name: string, bit: number, width: number, meaning: string])[] = [
  ['N', 31, 1, 'negative'],
  ['Z', 30, 1, 'zero'],
  ['C', 29, 1, 'carry'],
  ['V', 28, 1, 'overflow'],
  ['Q', 27, 1, 'saturation'],
  ['J', 24, 1, 'Jazelle'],
  ['I', 7, 1, 'IRQ masked'],
  ['F', 6, 1, 'FIQ masked'],
  ['T', 5, 1, 'Thumb'],
  ['mode', 0, 5, ''],
];
const MODES: Readonly<Record<number, string>> = {
  16: 'usr',
  17: 'fiq',
  18: 'irq',
  19: 'svc',
  23: 'abt',
  27: 'und',
  31: 'sys',
};

/** The tree of a machine: everything, whether open or not. */
export function machineRows(machine: MachineResponse): MachineRow[] {
  const { virtual, physical, devices } = machine;
  const names = Object.keys(virtual.registers);
  const banked = names.filter((name) => /_/.test(name));
  return [
    ...group('core', 'Core registers', virtual.status, [
      ...CORE.filter((name) => name in virtual.registers).flatMap((name) =>
        register(virtual, physical, 'core', name, 'Core registers'),
      ),
      ...('spsr' in virtual.registers ? register(virtual, physical, 'core', 'spsr', 'Status') : []),
    ]),
    ...group(
      'banks',
      'Banked registers',
      `${banked.length} registers`,
      banked.flatMap((name) => register(virtual, physical, 'banks', name, 'Banked registers')),
    ),
    ...group(
      'cp15',
      'System control (cp15)',
      `${virtual.systemControl.length} registers`,
      virtual.systemControl.flatMap((entry) => systemRegister(entry, physical)),
    ),
    ...devices.flatMap(({ name, base, size, registers }) =>
      group(
        `device ${name}`,
        name,
        `${base}, ${formatSize(size)}`,
        registers.flatMap((entry) => {
          const key = `device ${name}/${entry.name}`;
          const fields = (entry.fields ?? []).map((field) => fieldRow(key, field));
          return [
            row(key, 2, entry.name, entry.value, '', meaningOf(entry.fields, entry.address), fields.length > 0),
            ...fields,
          ];
        }),
      ),
    ),
  ];
}

function row(
  key: string,
  depth: 1 | 2 | 3,
  name: string,
  value: string,
  physical: string,
  meaning: string,
  hasChildren: boolean,
): MachineRow {
  return { key, depth, name, value, physical, meaning, hasChildren };
}

function group(key: string, name: string, meaning: string, rows: MachineRow[]): MachineRow[] {
  return [row(key, 1, name, '', '', meaning, rows.length > 0), ...rows];
}

function register(
  virtual: CpuState,
  physical: CpuState | undefined,
  parent: string,
  name: string,
  scope: Writable['scope'],
): MachineRow[] {
  const key = `${parent}/${name}`;
  const value = virtual.registers[name];
  const isStatus = /^[cs]psr/.test(name);
  const word = Number(value);
  const writable = { scope, name };
  const own = {
    ...row(key, 2, name, value, physical?.registers[name] ?? '', isStatus ? statusText(word) : '', isStatus),
    writable,
  };
  if (!isStatus) return [own];
  const theirs = Number(physical?.registers[name] ?? 0);
  return [
    own,
    ...STATUS_FIELDS.map(([field, bit, width, meaning]) => ({
      ...row(
        `${key}/${field}`,
        3,
        field,
        `${bits(word, bit, width)}`,
        physical ? `${bits(theirs, bit, width)}` : '',
        field === 'mode' ? (MODES[word & 31] ?? 'reserved') : meaning,
        false,
      ),
      field: { register: writable, bit, width, word },
    })),
  ];
}

const bits = (word: number, bit: number, width: number): number => (word >>> bit) & ((1 << width) - 1);

/** The flags that are set and the mode, as in `Z C I svc`. */
function statusText(word: number): string {
  const set = STATUS_FIELDS.filter(([, bit, width]) => width === 1 && bits(word, bit, 1) === 1).map(([name]) => name);
  return [...set, MODES[word & 31] ?? 'reserved mode'].join(' ');
}

function systemRegister({ name, value, fields }: SystemRegister, physical: CpuState | undefined): MachineRow[] {
  const key = `cp15/${name}`;
  const theirs = physical?.systemControl.find((other) => other.name === name);
  const writable: Writable = { scope: 'System control', name };
  return [
    {
      ...row(key, 2, name, value, theirs?.value ?? '', meaningOf(fields, ''), fields.length > 0),
      ...(!READ_ONLY.has(name) && { writable }),
    },
    ...fields.map((field, i) => fieldRow(key, field, theirs?.fields.at(i))),
  ];
}

/** Identification registers, which hardware does not let anyone write. */
const READ_ONLY = new Set(['midr', 'ctr', 'tcmtr', 'tcmsr']);

function fieldRow(parent: string, field: RegisterField, physical?: RegisterField): MachineRow {
  const text = ({ value }: RegisterField): string => (typeof value === 'boolean' ? (value ? '1' : '0') : `${value}`);
  return row(
    `${parent}/${field.name}`,
    3,
    field.name,
    text(field),
    physical ? text(physical) : '',
    field.meaning,
    false,
  );
}

/** The fields that are set, in a few words. */
function meaningOf(fields: readonly RegisterField[] | undefined, otherwise: string): string {
  const set = (fields ?? []).filter(({ value }) => value === true).map(({ name }) => name);
  const numbers = (fields ?? []).filter(({ value }) => typeof value === 'number' && value !== 0);
  const text = [...set, ...numbers.slice(0, 3).map(({ name, meaning }) => `${name}: ${meaning}`)].join(' ');
  return text === '' ? otherwise : text;
}

/** The rows whose groups and registers are open. */
export function openRows(rows: readonly MachineRow[], open: ReadonlySet<string>): MachineRow[] {
  return rows.filter(({ key, depth }) => {
    const parts = key.split('/');
    for (let i = 1; i < depth; i++) if (!open.has(parts.slice(0, i).join('/'))) return false;
    return true;
  });
}

/** The rows that contain a text in their names, with what they belong to. */
export function matchingRows(rows: readonly MachineRow[], text: string): MachineRow[] {
  const wanted = text.toLowerCase();
  const keys = new Set<string>();
  for (const { key, name, meaning } of rows) {
    if (!name.toLowerCase().includes(wanted) && !meaning.toLowerCase().includes(wanted)) continue;
    const parts = key.split('/');
    for (let i = 1; i <= parts.length; i++) keys.add(parts.slice(0, i).join('/'));
  }
  return rows.filter(({ key }) => keys.has(key));
}

/** A status register with another value of one of its fields. Throws when the value does not fit. */
export function withField({ bit, width, word }: NonNullable<MachineRow['field']>, text: string): string {
  const value = Number(text);
  const most = 2 ** width - 1;
  if (text.trim() === '' || !Number.isInteger(value) || value < 0 || value > most) {
    throw new Error(`"${text}" does not fit: give a number from 0 to ${most}.`);
  }
  const mask = most << bit;
  return `0x${(((word & ~mask) | (value << bit)) >>> 0).toString(16).padStart(8, '0')}`;
}
