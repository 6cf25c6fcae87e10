/** `evaluate`: numbers, registers, symbols, `*address`, `+` and `-`, and the commands of the debug console. */
import type { RegisterName } from '../../emulator/registers.ts';
import { readGuestWord } from '../target.ts';
import { expressionError } from './errors.ts';
import type { Guest } from './guest.ts';
import { registerOf, statusField } from './register-names.ts';

/** Registers of the frame that an expression is evaluated in. */
export type RegisterReader = (name: RegisterName) => number | undefined;

const DEEPEST = 100;
const TOKEN = /\s*(?:(0x[0-9a-f]+|0b[01]+|\d+)(?![\w$])|\$([a-z]\w*)(?:\.([a-z]+))?|([a-z_.][\w.$]*)|([-+*()]))/iy;

/** The value of an expression, an unsigned 32-bit number. Throws a `UserError` that says what is wrong with it. */
export function evaluateExpression(guest: Guest, text: string, register: RegisterReader): number {
  const fail = (problem: string): never => {
    throw expressionError(text.trim(), problem);
  };
  let position = 0;
  const peek = (): RegExpExecArray | undefined => {
    TOKEN.lastIndex = position;
    return TOKEN.exec(text) ?? undefined;
  };
  const rest = (): string => text.slice(position).trim();
  const accept = (...symbols: string[]): string | undefined => {
    const token = peek();
    if (token?.[5] === undefined || !symbols.includes(token[5])) return undefined;
    position = TOKEN.lastIndex;
    return token[5];
  };
  const sum = (depth: number): number => {
    if (depth > DEEPEST) return fail('nested too deeply');
    let value = unary(depth);
    for (let op = accept('+', '-'); op; op = accept('+', '-')) {
      const right = unary(depth);
      value = (op === '+' ? value + right : value - right) >>> 0;
    }
    return value;
  };
  const unary = (depth: number): number => {
    if (depth > DEEPEST) return fail('nested too deeply');
    const op = accept('-', '+', '*', '(');
    if (op === '-') return -unary(depth + 1) >>> 0;
    if (op === '+') return unary(depth + 1);
    if (op === '*') {
      const address = unary(depth + 1);
      return readGuestWord(guest.machine, address) ?? fail(`no memory at 0x${address.toString(16).padStart(8, '0')}`);
    }
    if (op === '(') {
      const value = sum(depth + 1);
      return accept(')') ? value : fail('a closing parenthesis is missing');
    }
    return primary();
  };
  const primary = (): number => {
    const token = peek();
    if (!token)
      return rest() === '' ? fail('something is missing at the end') : fail(`cannot read "${rest().slice(0, 20)}"`);
    position = TOKEN.lastIndex;
    const [, number, registerName, field, name, symbol] = token;
    if (symbol !== undefined) return fail(`a value is missing before "${symbol}"`);
    if (number !== undefined) {
      const value = Number(number);
      return value < 2 ** 32 ? value : fail(`${number} does not fit in 32 bits`);
    }
    if (registerName !== undefined) return ofRegister(registerName, field);
    const found = guest.symbols.find(name);
    if (found) return found.address;
    const plain = registerOf(name);
    if (plain) return ofRegister(name, undefined);
    const suggestion = guest.symbols.suggest(name);
    return fail(`no symbol or register ${name}${suggestion ? `; did you mean ${suggestion}?` : ''}`);
  };
  const ofRegister = (name: string, field: string | undefined): number => {
    const id = registerOf(name);
    if (!id) return fail(`no register ${name}`);
    const value = register(id);
    if (value === undefined) return fail(`${name} was not saved by the called function`);
    if (field === undefined) return value;
    if (id !== 'cpsr' && !id.startsWith('spsr')) return fail(`${name} has no named fields`);
    return statusField(value, field) ?? fail(`${name} has no field ${field}`);
  };
  if (text.trim() === '') return fail('the expression is empty');
  const value = sum(0);
  return rest() === '' ? value >>> 0 : fail(`cannot read "${rest().slice(0, 20)}"`);
}

/** Whether an expression is a status register by itself, so that its fields can be shown. */
export function statusRegisterOf(text: string): 'cpsr' | 'spsr' | undefined {
  const name = /^\$(cpsr|spsr)$/i.exec(text.trim())?.[1].toLowerCase();
  return name === 'cpsr' || name === 'spsr' ? name : undefined;
}

/** Text to type into the guest console, from a line `>text` of the debug console; undefined for any other line. */
export function consoleInput(line: string): string | undefined {
  return line.startsWith('>') ? `${line.slice(1)}\n` : undefined;
}

/** The answer to `help` in the debug console. */
export const HELP = [
  'A C expression is evaluated over locals, globals and registers, assignments as well: current->name, $r0, $cpsr.mode,',
  '$cp15.dacr. Without debug information: numbers, registers, symbols, *address, + and -.',
  '>text types text and a line end into the guest console. Commands begin with a dot, which may be left out where no',
  'variable has their name:',
].join('\n');
