/**
 * Writes emulator/core/generated/run.ts: the interpreter with its regular switch cases (branches by condition, loads
 * and stores by form, data processing by opcode, flags and operand form) filled in. AssemblyScript has no macros, and
 * a function call a case would cost more than the instruction it executes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const NEXT = 'rec += 8;\n          continue;';

/** Flags as conditions 0 (EQ) to 14 (AL). */
const CONDITIONS = [
  'load<u32>(FLAG_Z) == 0',
  'load<u32>(FLAG_Z) != 0',
  'load<u32>(FLAG_C) != 0',
  'load<u32>(FLAG_C) == 0',
  '<i32>load<u32>(FLAG_N) < 0',
  '<i32>load<u32>(FLAG_N) >= 0',
  '<i32>load<u32>(FLAG_V) < 0',
  '<i32>load<u32>(FLAG_V) >= 0',
  'load<u32>(FLAG_C) != 0 && load<u32>(FLAG_Z) != 0',
  'load<u32>(FLAG_C) == 0 || load<u32>(FLAG_Z) == 0',
  '<i32>(load<u32>(FLAG_N) ^ load<u32>(FLAG_V)) >= 0',
  '<i32>(load<u32>(FLAG_N) ^ load<u32>(FLAG_V)) < 0',
  'load<u32>(FLAG_Z) != 0 && <i32>(load<u32>(FLAG_N) ^ load<u32>(FLAG_V)) >= 0',
  'load<u32>(FLAG_Z) == 0 || <i32>(load<u32>(FLAG_N) ^ load<u32>(FLAG_V)) < 0',
];

function branches(): string {
  const conditional = CONDITIONS.map(
    (condition, index) => `        case O.OP_B + ${index}:
          rec += ${condition} ? imm(rec) : 8;
          continue;`,
  );
  return [...conditional, `        case O.OP_B + 14:\n          rec += imm(rec);\n          continue;`].join('\n');
}

interface Transfer {
  op: string;
  /** Statement that moves the data between `rd(rec)` and host address `host`. */
  load?: string;
  store?: string;
  /** Test that the fast path may be taken. */
  fast: string;
}

const TRANSFERS: Transfer[] = [
  { op: 'OP_LDR', load: 'load<u32>(host)', fast: '((e | va) & 3) == 0' },
  { op: 'OP_STR', store: 'store<u32>(host, vd(rec));', fast: '((e | va) & 3) == 0' },
  { op: 'OP_LDRB', load: '<u32>load<u8>(host)', fast: '(e & 3) == 0' },
  { op: 'OP_STRB', store: 'store<u8>(host, <u8>vd(rec));', fast: '(e & 3) == 0' },
  { op: 'OP_LDRH', load: '<u32>load<u16>(host)', fast: '((e | (va & 1)) & 3) == 0' },
  { op: 'OP_STRH', store: 'store<u16>(host, <u16>vd(rec));', fast: '((e | (va & 1)) & 3) == 0' },
  { op: 'OP_LDRSB', load: '<u32>(<i32>load<i8>(host))', fast: '(e & 3) == 0' },
  { op: 'OP_LDRSH', load: '<u32>(<i32>load<i16>(host))', fast: '((e | (va & 1)) & 3) == 0' },
];

const FORMS = [
  { name: 'FORM_OFFSET', address: 'vn(rec) + imm(rec)', writeback: '' },
  { name: 'FORM_PRE', address: 'vn(rec) + imm(rec)', writeback: 'va' },
  { name: 'FORM_POST', address: 'vn(rec)', writeback: 'va + imm(rec)' },
  {
    name: 'FORM_REGISTER',
    // Bytes 6 and 7: LSL, added.
    address: 'vn(rec) + (load<u16>(rec, 6) == 0x100 ? vm(rec) << <u32>load<u8>(rec, 5) : registerOffset(rec))',
    writeback: '',
  },
];

function transfers(): string {
  const cases: string[] = [];
  for (const { op, load, store, fast } of TRANSFERS) {
    for (const { name, address, writeback } of FORMS) {
      const base = writeback ? `\n            setRn(rec, ${writeback});` : '';
      const body = load ? `const value = ${load};${base}\n            setRd(rec, value);` : `${store ?? ''}${base}`;
      cases.push(`        case O.${op} + O.${name}: {
          const va = ${address};
          const e = entry(${load ? 'readers' : 'writers'}, va);
          if (${fast}) {
            const host: u32 = e ^ va;
            ${body}
            rec += 8;
            continue;
          }
          status = slowAccess(rec, page + <u32>((rec - slot) >>> unit));
          if (status == O.NEXT) {
            rec += 8;
            continue;
          }
          break;
        }`);
    }
  }
  return cases.join('\n');
}

/** Words at PC + an immediate. */
const LITERALS = [
  { op: 'OP_LDR_LITERAL', table: 'readers', move: 'setRd(rec, load<u32>(<u32>(e ^ va)));' },
  { op: 'OP_STR_LITERAL', table: 'writers', move: 'store<u32>(<u32>(e ^ va), vd(rec));' },
];

function literals(): string {
  return LITERALS.map(
    ({ op, table, move }) => `        case O.${op}: {
          const va = ((page + <u32>((rec - slot) >>> unit) + ahead) & ~3) + imm(rec);
          const e = entry(${table}, va);
          if (((e | va) & 3) == 0) {
            ${move}
            rec += 8;
            continue;
          }
          status = slowAccess(rec, page + <u32>((rec - slot) >>> unit));
          if (status == O.NEXT) {
            rec += 8;
            continue;
          }
          break;
        }`,
  ).join('\n');
}

/** Operand forms: expression, and the one that also sets C for flag-setting logical operations. */
const OPERANDS = [
  { name: 'DP_IMMEDIATE', plain: 'imm(rec)', carry: 'imm(rec)' },
  { name: 'DP_REGISTER', plain: 'vm(rec)', carry: 'vm(rec)' },
  { name: 'DP_LSL', plain: 'lsl(rec)', carry: 'lslCarry(rec)' },
  { name: 'DP_SHIFTED', plain: 'shiftedValue(rec)', carry: 'shiftedCarry(rec)' },
];

/** Opcodes: value of `a op b`; for arithmetic, the call that also sets the flags. */
const OPCODES = [
  { name: 'AND', value: 'vn(rec) & b' },
  { name: 'EOR', value: 'vn(rec) ^ b' },
  { name: 'SUB', value: 'vn(rec) - b', flags: 'subs(vn(rec), b)' },
  { name: 'RSB', value: 'b - vn(rec)', flags: 'subs(b, vn(rec))' },
  { name: 'ADD', value: 'vn(rec) + b', flags: 'adds(vn(rec), b)' },
  { name: 'ADC', value: 'vn(rec) + b + carry()', flags: 'adcs(vn(rec), b)' },
  { name: 'SBC', value: 'vn(rec) + ~b + carry()', flags: 'adcs(vn(rec), ~b)' },
  { name: 'RSC', value: 'b + ~vn(rec) + carry()', flags: 'adcs(b, ~vn(rec))' },
  { name: 'TST', value: 'vn(rec) & b', compare: true },
  { name: 'TEQ', value: 'vn(rec) ^ b', compare: true },
  { name: 'CMP', value: '', flags: 'subs(vn(rec), b)', compare: true },
  { name: 'CMN', value: '', flags: 'adds(vn(rec), b)', compare: true },
  { name: 'ORR', value: 'vn(rec) | b' },
  { name: 'MOV', value: 'b' },
  { name: 'BIC', value: 'vn(rec) & ~b' },
  { name: 'MVN', value: '~b' },
];

function data(): string {
  const cases: string[] = [];
  const add = (label: string, lines: string[]): void => {
    cases.push(
      `        case ${label}: {\n${lines.map((line) => `          ${line}`).join('\n')}\n          ${NEXT}\n        }`,
    );
  };
  for (const { name, value, flags, compare } of OPCODES) {
    for (const operand of OPERANDS) {
      const label = (s: number): string => `O.OP_DP + (O.${name} << 3) + ${s} + O.${operand.name}`;
      if (!compare) add(label(0), [`const b = ${operand.plain};`, `setRd(rec, ${value});`]);
      if (flags) {
        const call = compare ? `${flags};` : `setRd(rec, ${flags});`;
        add(label(4), [`const b = ${operand.plain};`, call]);
      } else {
        const result = [`const b = ${operand.carry};`, `const result = ${value};`, 'nz(result);'];
        add(label(4), compare ? result : [...result, 'setRd(rec, result);']);
      }
    }
  }
  return cases.join('\n');
}

const template = readFileSync('emulator/core/interpreter.ts', 'utf8');
const parts: Record<string, string> = {
  branches: branches(),
  literals: literals(),
  transfers: transfers(),
  data: data(),
};
const body = template
  .replace(/^ *\/\/ @cases (\w+)$/gm, (_line, name: string) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`emulator/core/interpreter.ts asks for unknown cases "${name}".`);
    return part;
  })
  .replaceAll("from './generated/", "from './")
  .replace(/from '\.\/(arithmetic|coverage|decode|memory|ops|slow|state|transfers|world)'/g, "from '../$1'");
mkdirSync('emulator/core/generated', { recursive: true });
writeFileSync(
  'emulator/core/generated/run.ts',
  `// Generated by scripts/generate-interpreter.ts from emulator/core/interpreter.ts.\n${body}`,
);
