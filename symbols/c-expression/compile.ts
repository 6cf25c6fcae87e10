/**
 * Compiles a C expression against the debug information of a file: names are resolved and syntax is read once, and what
 * is left is a closure. So a condition of a breakpoint costs little each time it is hit.
 */
import { InputError } from '../../formats/input-error.ts';
import type { DebugInfo, TypeNamespace } from '../debug-info.ts';
import { resolved, type DebugType, type Member } from '../dwarf/types.ts';
import type { Location } from '../dwarf/expression.ts';
import type { FrameState } from '../dwarf/variable-location.ts';
import type { DebugVariable } from '../dwarf/variables.ts';
import { binary, promoted } from './arithmetic.ts';
import { parseExpression, type Syntax, type WrittenType } from './syntax.ts';
import { partOf } from './pieces.ts';
import * as values from './value.ts';
import { C, type Target, type Value } from './value.ts';

/** What an expression is evaluated in. */
export interface ExpressionContext {
  readonly target: Target;
  /** The selected frame, for locals. */
  readonly frame?: FrameState | undefined;
}

/** A compiled expression. Evaluating throws an `InputError` that says what cannot be had. */
export type Compiled = (context: ExpressionContext) => Value;

/** Where names are looked up. */
export interface CompileOptions {
  /** An address in the code whose locals are visible; only globals without it. */
  readonly pc?: number | undefined;
  /** Which of the frames at `pc` is meant: 0 for the innermost inlined copy, and so on outwards. */
  readonly frameIndex?: number;
  /** Names that stand for what the caller says; they hide all others. */
  readonly names?: ReadonlyMap<string, Compiled>;
}

/** How GCC names the integer types that C allows to be written in many ways. */
const SPELLINGS: Readonly<Record<string, string>> = {
  bool: '_Bool',
  signed: 'int',
  'signed int': 'int',
  unsigned: 'unsigned int',
  long: 'long int',
  short: 'short int',
  'unsigned char': 'unsigned char',
  'unsigned short': 'short unsigned int',
  'unsigned short int': 'short unsigned int',
  'unsigned long': 'long unsigned int',
  'unsigned long int': 'long unsigned int',
  'long long': 'long long int',
  'unsigned long long': 'long long unsigned int',
  'unsigned long long int': 'long long unsigned int',
};
/** Those types when no unit mentions them. */
const BUILT_IN: Readonly<Record<string, DebugType>> = {
  int: C.int,
  'unsigned int': C.unsigned,
  'long int': C.long,
  'long unsigned int': C.unsignedLong,
  'long long int': C.longLong,
  'long long unsigned int': C.unsignedLongLong,
  char: C.char,
  'unsigned char': C.char,
  'signed char': { kind: 'base', name: 'signed char', size: 1, encoding: 'signedChar' },
  'short int': { kind: 'base', name: 'short', size: 2, encoding: 'signed' },
  'short unsigned int': { kind: 'base', name: 'unsigned short', size: 2, encoding: 'unsigned' },
  double: C.double,
  float: { kind: 'base', name: 'float', size: 4, encoding: 'float' },
  _Bool: { kind: 'base', name: '_Bool', size: 1, encoding: 'boolean' },
  void: values.NOTHING.type,
};

/** Compiles an expression. Throws an `InputError` for what is not C, and for names that are not known. */
export function compileExpression(text: string, info: DebugInfo, options: CompileOptions = {}): Compiled {
  const compiler = new Compiler(info, options);
  return compiler.compile(parseExpression(text, (name) => compiler.isTypeName(name)));
}

/** Compiles trees; what it knows of names and types serves other compilers of expressions, too. */
export class Compiler {
  readonly info: DebugInfo;
  private readonly options: CompileOptions;

  constructor(info: DebugInfo, options: CompileOptions) {
    this.info = info;
    this.options = options;
  }

  /** Whether a plain name is that of a type; variables hide types. */
  isTypeName(name: string): boolean {
    if (this.options.names?.has(name)) return false;
    return this.local(name) === undefined && this.info.typeNamed('typedef', name) !== undefined;
  }

  compile(tree: Syntax): Compiled {
    switch (tree.kind) {
      case 'integer': {
        const type = literalType(tree);
        return ({ target }) => values.fromInteger(tree.value, type, target);
      }
      case 'float':
        return ({ target }) => values.fromNumber(tree.value, C.double, target);
      case 'character':
        return ({ target }) => values.fromInteger(BigInt(tree.value.charCodeAt(0) & 0xff), C.char, target);
      case 'string': {
        const bytes = new TextEncoder().encode(`${tree.value}\0`);
        const type: DebugType = {
          kind: 'array',
          name: undefined,
          element: C.char,
          count: bytes.length,
          size: bytes.length,
        };
        return () => ({ type, place: { kind: 'none', bytes } });
      }
      case 'register':
        return this.register(tree.name);
      case 'name':
        return this.named(tree.name);
      case 'unary':
        return this.unary(tree);
      case 'binary':
        return this.binary(tree.operator, this.compile(tree.left), this.compile(tree.right));
      case 'assign': {
        const left = this.compile(tree.left);
        const right = this.compile(tree.right);
        const computed = tree.operator === '' ? right : this.binary(tree.operator, left, right);
        return (context) => values.assign(left(context), computed(context), context.target);
      }
      case 'conditional': {
        const [condition, yes, no] = [tree.condition, tree.yes, tree.no].map((part) => this.compile(part));
        return (context) => (isTrue(condition(context), context.target) ? yes(context) : no(context));
      }
      case 'member':
        return this.member(tree);
      case 'cast': {
        const operand = this.compile(tree.operand);
        const type = this.type(tree.type);
        return (context) => convert(operand(context), type, context.target);
      }
      case 'sizeofType': {
        const size = BigInt(values.sizeOf(this.info.complete(resolved(this.type(tree.type)))));
        return ({ target }) => values.fromInteger(size, C.unsigned, target);
      }
      case 'containerOf':
        return this.containerOf(tree);
      case 'offsetOf': {
        const offset = BigInt(this.offsetIn(this.info.complete(resolved(this.type(tree.type))), tree.member));
        return ({ target }) => values.fromInteger(offset, C.unsigned, target);
      }
    }
  }

  private register(name: string): Compiled {
    return () => ({ type: C.unsigned, place: { kind: 'register', name } });
  }

  /** A local or an argument that is visible. */
  local(name: string): DebugVariable | undefined {
    const { pc, frameIndex = 0 } = this.options;
    if (pc === undefined) return undefined;
    for (const { variables } of this.info.variablesAt(pc)[frameIndex]?.scopes ?? []) {
      const found = variables.find((variable) => variable.name === name);
      if (found) return found;
    }
    return undefined;
  }

  /** A local, then a global, a function, an enumeration constant, a symbol. */
  private named(name: string): Compiled {
    const given = this.options.names?.get(name);
    if (given) return given;
    const local = this.local(name);
    const variable = local ?? this.info.globalsNamed(name, this.options.pc)[0];
    if (variable) {
      const type = this.info.complete(variable.type);
      const locate = this.located(variable, local === undefined);
      return ({ frame, target }) => {
        try {
          return values.valueAt(type, locate(frame), target);
        } catch (error) {
          if (error instanceof InputError) throw new InputError(`${name}: ${error.message.replace(/\.$/, '')}`);
          throw error;
        }
      };
    }
    const fn = this.info.functionsNamed(name)[0];
    if (fn) {
      const value: Value = { type: this.info.functionType(fn.die), place: { kind: 'memory', address: fn.entry } };
      return () => value;
    }
    const constant = this.info.enumeratorNamed(name);
    if (constant) return ({ target }) => values.fromInteger(constant.value, constant.type, target);
    const symbol = this.info.elf.symbols.find(name);
    if (symbol) return () => ({ type: C.unsigned, place: { kind: 'memory', address: symbol.address } });
    throw new InputError(`${name} is not a variable, function or constant here`, {
      remedy: 'Check the spelling, or cast an address, e.g. *(struct task_struct *)0xc0200000',
    });
  }

  /** Where a variable is, looked up once as long as the answer cannot change: a register at one address, a global. */
  private located(variable: DebugVariable, isGlobal: boolean): (frame: FrameState | undefined) => Location {
    let known: { pc: number | undefined; location: Location } | undefined;
    return (frame) => {
      if (known && (isGlobal || known.pc === frame?.pc)) return known.location;
      const location = this.info.locate(variable, frame);
      if (isGlobal || location.kind === 'register') known = { pc: frame?.pc, location };
      return location;
    };
  }

  private unary({ operator, operand: tree }: Extract<Syntax, { kind: 'unary' }>): Compiled {
    const operand = this.compile(tree);
    switch (operator) {
      case '*':
        return (context) => this.dereference(operand(context), context.target);
      case '&':
        return (context) => {
          const value = operand(context);
          return values.fromInteger(BigInt(values.addressOf(value)), values.pointerTo(value.type), context.target);
        };
      case 'sizeof':
        return (context) =>
          values.fromInteger(BigInt(values.sizeOf(operand(context).type)), C.unsigned, context.target);
      case '!':
        return (context) =>
          values.fromInteger(isTrue(operand(context), context.target) ? 0n : 1n, C.int, context.target);
      default:
        return (context) => {
          const value = operand(context);
          const type = promoted(value.type);
          if (values.isFloat(type)) {
            if (operator === '~') throw new InputError('~ takes an integer');
            const number = values.toNumber(value, context.target);
            return values.fromNumber(operator === '-' ? -number : number, type, context.target);
          }
          const number = values.toInteger(value, context.target);
          const result = operator === '-' ? -number : operator === '~' ? ~number : number;
          return values.fromInteger(result, type, context.target);
        };
    }
  }

  private dereference(value: Value, target: Target): Value {
    const inner = resolved(value.type);
    const type =
      inner.kind === 'pointer'
        ? inner.target
        : inner.kind === 'array'
          ? inner.element
          : inner.kind === 'function'
            ? inner
            : undefined;
    if (!type) throw new InputError('only a pointer or an array can be dereferenced');
    const address = Number(BigInt.asUintN(32, values.toInteger(value, target)));
    return { type: this.info.complete(type), place: { kind: 'memory', address } };
  }

  private binary(operator: string, left: Compiled, right: Compiled): Compiled {
    if (operator === '&&' || operator === '||') {
      const stopsAt = operator === '||';
      return (context) => {
        const { target } = context;
        const first = isTrue(left(context), target);
        const result = first === stopsAt ? first : isTrue(right(context), target);
        return values.fromInteger(result ? 1n : 0n, C.int, target);
      };
    }
    return (context) => binary(operator, left(context), right(context), context.target);
  }

  private member({ object: tree, name, arrow }: Extract<Syntax, { kind: 'member' }>): Compiled {
    // Fields of registers: `$cpsr.mode`.
    if (tree.kind === 'register' && !arrow) return this.register(`${tree.name}.${name}`);
    const object = this.compile(tree);
    return (context) => {
      let value = object(context);
      // Like gdb, either operator does for a structure and a pointer to one.
      if (arrow || resolved(value.type).kind === 'pointer') value = this.dereference(value, context.target);
      const member = findMember(this.info, value.type, name);
      if (!member) throw new InputError(`there is no member ${name} in it`);
      return memberOf(value, member, this.info);
    };
  }

  private containerOf({ operand: tree, type: written, member }: Extract<Syntax, { kind: 'containerOf' }>): Compiled {
    const operand = this.compile(tree);
    const type = this.info.complete(resolved(this.type(written)));
    const offset = this.offsetIn(type, member);
    return (context) => {
      const address = values.toInteger(operand(context), context.target) - BigInt(offset);
      return values.fromInteger(address, values.pointerTo(type), context.target);
    };
  }

  /** The offset of a member, or of one in it, in bytes. */
  offsetIn(type: DebugType, member: readonly string[]): number {
    let inner = type;
    let offset = 0;
    for (const name of member) {
      const found = findMember(this.info, inner, name);
      if (!found) throw new InputError(`there is no member ${name} in it`);
      offset += found.offset;
      inner = found.type;
    }
    return offset;
  }

  /** A type as it is written. Throws an `InputError` for one that is not known. */
  type({ base, pointers, bounds, function: called }: WrittenType): DebugType {
    let type = this.baseType(base);
    for (let i = 0; i < pointers; i++) type = values.pointerTo(type);
    if (called) {
      const parameters = called.parameters.map((parameter) => this.type(parameter));
      const { isVariadic, isPrototyped } = called;
      type = {
        kind: 'function',
        name: undefined,
        size: undefined,
        returns: type,
        parameters,
        isVariadic,
        isPrototyped,
      };
      for (let i = 0; i < called.pointers; i++) type = values.pointerTo(type);
    }
    for (const count of [...bounds].reverse()) {
      type = { kind: 'array', name: undefined, element: type, count, size: values.sizeOf(type) * count };
    }
    return type;
  }

  private baseType({ namespace, name }: WrittenType['base']): DebugType {
    if (namespace !== 'plain') {
      const found = this.info.typeNamed(namespace, name);
      if (!found) throw new InputError(`there is no ${namespace} ${name}`);
      return found;
    }
    const spelled = SPELLINGS[name] ?? name;
    const spaces: readonly TypeNamespace[] = ['typedef', 'base'];
    if (spelled in BUILT_IN) return BUILT_IN[spelled];
    for (const space of spaces) {
      const found = this.info.typeNamed(space, spelled);
      if (found) return found;
    }
    throw new InputError(`there is no type ${name}`);
  }
}

/** The type of an integer literal: the first that holds it (C11, 6.4.4.1). */
export function literalType({ value, suffix, isDecimal }: Extract<Syntax, { kind: 'integer' }>): DebugType {
  const unsigned = suffix.includes('u');
  const long = suffix.replace('u', '').length;
  if (long < 2) {
    if (!unsigned && value < 0x8000_0000n) return long ? C.long : C.int;
    if ((unsigned || !isDecimal) && value < 0x1_0000_0000n) return long ? C.unsignedLong : C.unsigned;
  }
  return unsigned || value >= 1n << 63n ? C.unsignedLongLong : C.longLong;
}

/** A member by name, also one inside anonymous structures and unions; offsets are then from the outer one. */
export function findMember(info: DebugInfo, type: DebugType, name: string, depth = 0): Member | undefined {
  const members = info.membersOf(type);
  const own = members.find((member) => member.name === name);
  if (own || depth > 16) return own;
  for (const member of members) {
    if (member.name !== undefined) continue;
    const inner = findMember(info, member.type, name, depth + 1);
    if (!inner) continue;
    const bits = inner.bits && { ...inner.bits, offset: inner.bits.offset + member.offset * 8 };
    return { name, type: inner.type, offset: inner.offset + member.offset, bits, artificial: false };
  }
  return undefined;
}

/** A member as a value in the place of its structure. */
export function memberOf({ place }: Value, { type: declared, offset, bits }: Member, info: DebugInfo): Value {
  const type = info.complete(declared);
  if (place.kind === 'register') throw new InputError('a structure in a register has no members that can be read');
  // Bit fields are read from the byte on that their first bit is in.
  const field = bits && { offset: bits.offset - offset * 8, size: bits.size };
  if (place.kind === 'memory') {
    const address = (place.address + offset) >>> 0;
    return { type, place: field ? { kind: 'memory', address, bits: field } : { kind: 'memory', address } };
  }
  const size = field ? Math.ceil((field.offset + field.size) / 8) : values.sizeOf(type);
  const part = partOf(place, offset, offset + size);
  return { type, place: field ? { kind: 'none', ...part, bits: field } : { kind: 'none', ...part } };
}

/** Whether a value counts as true. */
export function isTrue(value: Value, target: Target): boolean {
  return values.isFloat(value.type) ? values.toNumber(value, target) !== 0 : values.toInteger(value, target) !== 0n;
}

/** A value of another type. To a structure or an array, the same bytes. */
function convert(value: Value, type: DebugType, target: Target): Value {
  const inner = resolved(type);
  if (inner.kind === 'struct' || inner.kind === 'array') return { type, place: value.place };
  if (inner.kind === 'void') return values.NOTHING;
  if (values.isFloat(type) || values.isFloat(value.type)) {
    return values.fromNumber(values.toNumber(value, target), type, target);
  }
  const integer = values.toInteger(value, target);
  const isBoolean = inner.kind === 'base' && inner.encoding === 'boolean';
  return values.fromInteger(isBoolean ? BigInt(integer !== 0n) : integer, type, target);
}
