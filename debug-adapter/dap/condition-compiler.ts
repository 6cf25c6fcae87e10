/**
 * Compiles C conditions to programs that the machine evaluates where the guest meets the breakpoint. They have the meaning
 * of symbols/c-expression/compile.ts; what a program cannot say (floating point, 64 bits, assignments, variables that
 * need the caller) is left to that, at the price of a stop for each hit.
 */
import { type ConditionProgram, type OPERATION } from '../../emulator/condition-program.ts';
import { systemOffset } from '../../emulator/register-file.ts';
import { REGISTER } from '../../emulator/registers.ts';
import { InputError } from '../../formats/input-error.ts';
import { commonType, pointedTo, promoted } from '../../symbols/c-expression/arithmetic.ts';
import { Compiler, findMember, literalType, type CompileOptions } from '../../symbols/c-expression/compile.ts';
import { parseExpression, type Syntax } from '../../symbols/c-expression/syntax.ts';
import { C, integerType, pointerTo, sizeOf } from '../../symbols/c-expression/value.ts';
import type { DebugInfo } from '../../symbols/debug-info.ts';
import { resolved, type DebugType } from '../../symbols/dwarf/types.ts';
import { splitRegister } from './frame-context.ts';
import { registerOf, STATUS_BITS } from './register-names.ts';
import { placeOf, type ProbeFrame } from './variable-probe.ts';

/** What cannot be a program. */
class Unsupported extends Error {}

/** What an expression has left on the stack: its value, or the address that it is at. */
interface Left {
  readonly type: DebugType;
  readonly inMemory: boolean;
  readonly bits?: { readonly offset: number; readonly size: number };
}

/**
 * Emits an expression as a truth value. Returns false when it cannot be a program; what was emitted is then of no use.
 * `frame` makes frames for trying out where variables are. Throws no error: those of the expression are the caller's to find.
 */
export function emitCondition(
  text: string,
  info: DebugInfo,
  options: CompileOptions,
  frame: ProbeFrame,
  program: ConditionProgram,
): boolean {
  const compiler = new Compiler(info, options);
  try {
    const tree = parseExpression(text, (name) => compiler.isTypeName(name));
    new Emitter(compiler, options, frame, program).truth(tree);
    return true;
  } catch (error) {
    if (error instanceof Unsupported || error instanceof InputError) return false;
    throw error;
  }
}

const SIMPLE: Readonly<Record<string, keyof typeof OPERATION>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '&': 'and',
  '|': 'or',
  '^': 'xor',
  '<<': 'shiftLeft',
};
/** By sign of their operands. */
const SIGNED: Readonly<Record<string, readonly [unsigned: keyof typeof OPERATION, signed: keyof typeof OPERATION]>> = {
  '/': ['divide', 'divideSigned'],
  '%': ['remainder', 'remainderSigned'],
  '>>': ['shiftRight', 'shiftRightSigned'],
};

class Emitter {
  private readonly compiler: Compiler;
  private readonly options: CompileOptions;
  private readonly frame: ProbeFrame;
  private readonly program: ConditionProgram;

  constructor(compiler: Compiler, options: CompileOptions, frame: ProbeFrame, program: ConditionProgram) {
    this.compiler = compiler;
    this.options = options;
    this.frame = frame;
    this.program = program;
  }

  /** A word that is not 0 when the expression is true. */
  truth(tree: Syntax): void {
    this.value(tree);
  }

  /** The value of an integer, extended to a word; of an array or a function its address. Returns its type. */
  private value(tree: Syntax): DebugType {
    const { type, inMemory, bits } = this.emit(tree);
    const inner = resolved(type);
    if (inMemory && (inner.kind === 'array' || inner.kind === 'function')) return type;
    const { size, isSigned } = word(type);
    if (!inMemory) return type;
    if (!bits) {
      this.program.load(size);
      this.program.extend(size * 8, isSigned);
      return type;
    }
    const bytes = Math.ceil((bits.offset + bits.size) / 8);
    if (bytes > 4) throw new Unsupported();
    this.program.load(bytes);
    this.program.constant(bits.offset);
    this.program.operate('shiftRight');
    this.program.extend(bits.size, isSigned);
    return type;
  }

  private emit(tree: Syntax): Left {
    const { program, compiler } = this;
    switch (tree.kind) {
      case 'integer': {
        const type = literalType(tree);
        word(type);
        program.constant(Number(BigInt.asIntN(32, tree.value)));
        return { type, inMemory: false };
      }
      case 'character':
        program.constant(tree.value.charCodeAt(0) & 0xff);
        return { type: C.char, inMemory: false };
      case 'register':
        return this.register(tree.name);
      case 'name':
        return this.named(tree.name);
      case 'unary':
        return this.unary(tree.operator, tree.operand);
      case 'binary':
        return { type: this.binary(tree.operator, tree.left, tree.right), inMemory: false };
      case 'member':
        return this.member(tree);
      case 'cast': {
        const type = compiler.type(tree.type);
        const { size, isSigned } = word(type);
        this.value(tree.operand);
        const inner = resolved(type);
        if (inner.kind === 'base' && inner.encoding === 'boolean') {
          program.not();
          program.not();
        } else program.extend(size * 8, isSigned);
        return { type, inMemory: false };
      }
      case 'sizeofType':
        program.constant(sizeOf(compiler.info.complete(resolved(compiler.type(tree.type)))));
        return { type: C.unsigned, inMemory: false };
      case 'offsetOf':
        program.constant(compiler.offsetIn(compiler.info.complete(resolved(compiler.type(tree.type))), tree.member));
        return { type: C.unsigned, inMemory: false };
      case 'containerOf':
        return this.containerOf(tree);
      case 'conditional':
      case 'assign':
      case 'float':
      case 'string':
        throw new Unsupported();
    }
  }

  private register(text: string): Left {
    const [name, field] = splitRegister(text);
    const id = registerOf(name);
    const { program } = this;
    const offset = id === undefined ? undefined : systemOffset(id);
    if (id === undefined) throw new Unsupported();
    if (id === 'cpsr' || id === 'spsr') program.status(id === 'spsr');
    else if (field !== undefined) throw new Unsupported();
    else if (REGISTER[id] <= REGISTER.pc) program.register(REGISTER[id]);
    else if (offset !== undefined) program.system(offset);
    else throw new Unsupported();
    if (field !== undefined) this.statusField(field);
    return { type: C.unsigned, inMemory: false };
  }

  private statusField(field: string): void {
    const { program } = this;
    if (field.toLowerCase() === 'mode') {
      program.extend(5, false);
      return;
    }
    const bit = STATUS_BITS.find(({ name }) => name === field.toUpperCase())?.bit;
    if (bit === undefined) throw new Unsupported();
    program.constant(31 - Math.clz32(bit));
    program.operate('shiftRight');
    program.extend(1, false);
  }

  private named(name: string): Left {
    const { compiler, program, options } = this;
    const { info } = compiler;
    const local = compiler.local(name);
    const variable = local ?? info.globalsNamed(name, options.pc)[0];
    if (variable) {
      const type = info.complete(variable.type);
      const place = placeOf(info, variable, local && options.pc !== undefined ? this.frame : undefined);
      if (!place) throw new Unsupported();
      if (place.register !== undefined) program.register(place.register);
      if (place.kind === 'register') {
        const { size, isSigned } = word(type);
        program.extend(size * 8, isSigned);
        return { type, inMemory: false };
      }
      if (place.register === undefined) program.constant(place.offset);
      else if (place.offset !== 0) {
        program.constant(place.offset);
        program.operate('add');
      }
      return { type, inMemory: true };
    }
    const fn = info.functionsNamed(name)[0];
    if (fn) {
      program.constant(fn.entry);
      return { type: info.functionType(fn.die), inMemory: true };
    }
    const enumerator = info.enumeratorNamed(name);
    if (enumerator) {
      const { size, isSigned } = word(enumerator.type);
      program.constant(Number(BigInt.asIntN(32, enumerator.value)));
      program.extend(size * 8, isSigned);
      return { type: enumerator.type, inMemory: false };
    }
    const symbol = info.elf.symbols.find(name);
    if (!symbol) throw new Unsupported();
    program.constant(symbol.address);
    return { type: C.unsigned, inMemory: true };
  }

  private unary(operator: string, operand: Syntax): Left {
    const { program } = this;
    switch (operator) {
      case '*':
        return this.dereferenced(this.value(operand));
      case '&': {
        const { type, inMemory, bits } = this.emit(operand);
        if (!inMemory || bits) throw new Unsupported();
        return { type: pointerTo(type), inMemory: false };
      }
      case '!':
        this.value(operand);
        program.not();
        return { type: C.int, inMemory: false };
      case '-':
        program.constant(0);
        break;
      case '~':
        program.constant(-1);
        break;
      case '+':
        break;
      default:
        throw new Unsupported();
    }
    const type = promoted(this.value(operand));
    word(type);
    if (operator !== '+') program.operate(operator === '-' ? 'subtract' : 'xor');
    return { type, inMemory: false };
  }

  private dereferenced(pointer: DebugType): Left {
    const type = pointedTo(pointer);
    if (!type) throw new Unsupported();
    return { type: this.compiler.info.complete(type), inMemory: true };
  }

  private member({ object, name, arrow }: Extract<Syntax, { kind: 'member' }>): Left {
    const { program, compiler } = this;
    if (object.kind === 'register' && !arrow) return this.register(`${object.name}.${name}`);
    let whole = this.emit(object);
    if (arrow || resolved(whole.type).kind === 'pointer') {
      if (whole.inMemory && resolved(whole.type).kind === 'pointer') program.load(4);
      whole = this.dereferenced(whole.type);
    }
    if (!whole.inMemory) throw new Unsupported();
    const member = findMember(compiler.info, whole.type, name);
    if (!member) throw new Unsupported();
    const { offset, bits } = member;
    if (offset !== 0) {
      program.constant(offset);
      program.operate('add');
    }
    const type = compiler.info.complete(member.type);
    return { type, inMemory: true, ...(bits && { bits: { offset: bits.offset - offset * 8, size: bits.size } }) };
  }

  private containerOf({ operand, type: written, member }: Extract<Syntax, { kind: 'containerOf' }>): Left {
    const { program, compiler } = this;
    const type = compiler.info.complete(resolved(compiler.type(written)));
    const offset = compiler.offsetIn(type, member);
    this.value(operand);
    program.constant(offset);
    program.operate('subtract');
    return { type: pointerTo(type), inMemory: false };
  }

  private binary(operator: string, left: Syntax, right: Syntax): DebugType {
    switch (operator) {
      case '&&':
      case '||':
        return this.logical(operator, left, right);
      case '==':
      case '!=':
        word2(this.value(left), this.value(right));
        this.program.operate('equal');
        if (operator === '!=') this.program.not();
        return C.int;
      case '<':
      case '>=':
        this.less(left, right);
        if (operator === '>=') this.program.not();
        return C.int;
      case '>':
      case '<=':
        this.less(right, left);
        if (operator === '<=') this.program.not();
        return C.int;
      default:
        return this.arithmetic(operator, left, right);
    }
  }

  private logical(operator: '&&' | '||', left: Syntax, right: Syntax): DebugType {
    const { program } = this;
    const isOr = operator === '||';
    const decided = [left, right].map((tree) => {
      this.value(tree);
      if (isOr) program.not();
      return program.jumpIfZero();
    });
    program.constant(isOr ? 0 : 1);
    const end = program.jump();
    for (const jump of decided) program.land(jump);
    program.constant(isOr ? 1 : 0);
    program.land(end);
    return C.int;
  }

  /** Whether the first is less than the second. */
  private less(first: Syntax, second: Syntax): void {
    const common = word2(this.value(first), this.value(second));
    this.program.operate(word(common).isSigned ? 'lessSigned' : 'less');
  }

  private arithmetic(operator: string, left: Syntax, right: Syntax): DebugType {
    const { program } = this;
    const a = this.value(left);
    const b = this.value(right);
    const element = pointedTo(a);
    if (element ?? pointedTo(b)) {
      if (operator === '+' && element && !pointedTo(b)) return this.offset('add', element);
      if (operator === '-' && element && !pointedTo(b)) return this.offset('subtract', element);
      if (operator !== '&' && operator !== '|' && operator !== '^') throw new Unsupported();
      program.operate(SIMPLE[operator]);
      return C.unsigned;
    }
    const type = operator === '<<' || operator === '>>' ? promoted(a) : commonType(a, b);
    const { isSigned } = word(type);
    if (operator in SIMPLE) program.operate(SIMPLE[operator]);
    else if (operator in SIGNED) program.operate(SIGNED[operator][isSigned ? 1 : 0]);
    else throw new Unsupported();
    return type;
  }

  /** A pointer with an index on top of it. */
  private offset(operation: 'add' | 'subtract', element: DebugType): DebugType {
    const { program } = this;
    const size = sizeOf(this.compiler.info.complete(element));
    if (size !== 1) {
      program.constant(size);
      program.operate('multiply');
    }
    program.operate(operation);
    return pointerTo(element);
  }
}

/** The integer type of a value that fits a word; an array or a function counts as its address. */
function word(type: DebugType): { size: number; isSigned: boolean } {
  const { kind } = resolved(type);
  const integer = kind === 'array' || kind === 'function' ? { size: 4, isSigned: false } : integerType(type);
  if (!integer || ![1, 2, 4].includes(integer.size)) throw new Unsupported();
  return integer;
}

/** The type that two words are compared in. */
function word2(a: DebugType, b: DebugType): DebugType {
  word(a);
  word(b);
  return (pointedTo(a) ?? pointedTo(b)) ? C.unsigned : commonType(a, b);
}
