/**
 * Registers as GDB numbers them, and the target description that tells it so. Numbers 0 to 15 and 25 are those that
 * every ARM client knows (16 to 24 once held FPA registers); the banked and system control registers follow.
 */
import type { Machine } from '../../emulator/machine.ts';
import { CPSR, MODE, REGISTER, REGISTER_NAMES, type RegisterId, type RegisterName } from '../../emulator/registers.ts';
import { bytesToHex, hexToBytes } from '../../formats/gdb-packet.ts';

const CPSR_NUMBER = 25;
const FIRST_BANKED_NUMBER = 26;

const BANKED = REGISTER_NAMES.slice(REGISTER.spsr, REGISTER.midr);
const CP15 = REGISTER_NAMES.slice(REGISTER.midr);

/** Our register for a GDB register number; undefined where the numbering has a hole or has ended. */
export function registerByNumber(number: number): RegisterId | undefined {
  if (number <= 15) return number;
  if (number === CPSR_NUMBER) return REGISTER.cpsr;
  const id = REGISTER.spsr + number - FIRST_BANKED_NUMBER;
  return number >= FIRST_BANKED_NUMBER && id < REGISTER_NAMES.length ? id : undefined;
}

/** The registers of a `g` packet: the core ones. Clients read the others one by one, when they need them. */
const GENERAL = REGISTER_NAMES.slice(REGISTER.r0, REGISTER.cpsr + 1);

/** A 32-bit value in target byte order, as eight hexadecimal digits. */
export function wordToHex(value: number): string {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0, true);
  return bytesToHex(bytes);
}

/** The inverse of `wordToHex`. */
export function hexToWord(text: string): number | undefined {
  const bytes = hexToBytes(text);
  return bytes?.length === 4 ? new DataView(bytes.buffer).getUint32(0, true) : undefined;
}

/** A register value in a reply: `x` for each digit of one that is not known. */
export const knownToHex = (value: number | undefined): string => (value === undefined ? 'xxxxxxxx' : wordToHex(value));

/** The reply to `g`; `read` has the values of the thread that is asked for. */
export function readGeneral(read: (id: RegisterId) => number | undefined): string {
  return GENERAL.map((name) => knownToHex(read(REGISTER[name]))).join('');
}

/** Executes `G`. CPSR goes first: it selects the bank that sp and lr are written to. */
export function writeGeneral(machine: Machine, text: string): boolean {
  const values = GENERAL.map((_name, at) => hexToWord(text.slice(at * 8, at * 8 + 8)));
  if (text.length < GENERAL.length * 8 || values.includes(undefined)) return false;
  const write = (name: RegisterName): void =>
    machine.vcpu.writeRegister(REGISTER[name], (values[REGISTER[name]] ?? 0) | 0);
  write('cpsr');
  for (const name of GENERAL) if (name !== 'cpsr') write(name);
  return true;
}

/** Registers that a client asks for at every stop, to put into the stop reply: frame, sp, lr, pc, CPSR. */
export function expeditedRegisters(machine: Machine): string {
  const numbers = [REGISTER.r11, REGISTER.sp, REGISTER.lr, REGISTER.pc, CPSR_NUMBER];
  return numbers
    .map((number) => {
      const value = machine.vcpu.readRegister(registerByNumber(number) ?? 0);
      return `${number.toString(16).padStart(2, '0')}:${wordToHex(value)};`;
    })
    .join('');
}

const PSR_FLAGS: readonly [name: string, mask: number][] = [
  ['T', CPSR.T],
  ['F', CPSR.F],
  ['I', CPSR.I],
  ['J', CPSR.J],
  ['Q', CPSR.Q],
  ['V', CPSR.V],
  ['C', CPSR.C],
  ['Z', CPSR.Z],
  ['N', CPSR.N],
];

const bitOf = (mask: number): number => 31 - Math.clz32(mask);

function typeOf(name: RegisterName): string {
  if (name === 'cpsr' || name.startsWith('spsr')) return 'psr';
  if (name === 'pc' || name.startsWith('lr')) return 'code_ptr';
  return name.startsWith('sp') ? 'data_ptr' : 'uint32';
}

function feature(name: string, registers: readonly RegisterName[], firstNumber: number): string {
  const lines = registers.map((register, at) => {
    const number = register === 'cpsr' ? CPSR_NUMBER : firstNumber + at;
    const group = name.endsWith('.core') ? '' : ` group="${name.endsWith('.cp15') ? 'cp15' : 'banked'}"`;
    return `    <reg name="${register}" bitsize="32" type="${typeOf(register)}" regnum="${number}"${group}/>`;
  });
  const types = registers.some((register) => typeOf(register) === 'psr') ? [PSR_TYPE] : [];
  return [`  <feature name="${name}">`, ...types, ...lines, '  </feature>'].join('\n');
}

/** Types are local to a feature, so each one that has a status register declares this. */
const PSR_TYPE = [
  '    <enum id="psr_mode" size="4">',
  ...Object.entries(MODE).map(([name, value]) => `      <evalue name="${name}" value="${value}"/>`),
  '    </enum>',
  '    <flags id="psr" size="4">',
  '      <field name="M" start="0" end="4" type="psr_mode"/>',
  ...PSR_FLAGS.map(([name, mask]) => `      <field name="${name}" start="${bitOf(mask)}" end="${bitOf(mask)}"/>`),
  '    </flags>',
].join('\n');

/** The target description: `org.gnu.gdb.arm.core`, and features of our own for the banks and for cp15. */
export const TARGET_XML = [
  '<?xml version="1.0"?>',
  '<!DOCTYPE target SYSTEM "gdb-target.dtd">',
  '<target version="1.0">',
  '  <architecture>arm</architecture>',
  feature('org.gnu.gdb.arm.core', GENERAL, 0),
  feature('org.trapline.arm.banked', BANKED, FIRST_BANKED_NUMBER),
  feature('org.trapline.arm.cp15', CP15, FIRST_BANKED_NUMBER + BANKED.length),
  '</target>',
  '',
].join('\n');
