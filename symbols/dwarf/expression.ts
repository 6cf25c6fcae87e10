/**
 * Evaluates DWARF expressions (2.5) and location descriptions (2.6). What a frame cannot tell (a register that was not
 * saved, memory that cannot be read) gives `unavailable` with the reason; damage throws an `InputError`.
 */
import type { ByteReader } from '../byte-reader.ts';
import { AT, ENCODING } from './constants.ts';
import type { Block, Die } from './die.ts';
import { readOffset } from './forms.ts';
import { OP } from './operations.ts';
import * as typed from './typed-values.ts';
import type { StackValue } from './typed-values.ts';
import type { DwarfSection } from './sections.ts';
import type { Unit } from './unit.ts';

/** Operations of one evaluation: far above any compiler's, and short enough that a loop is noticed at once. */
const MAX_OPERATIONS = 10_000;
const MAX_STACK = 1024;
/** Expressions that call others (DW_OP_call4, entry values). */
const MAX_DEPTH = 8;
const MAX_IMPLICIT = 4096;

/** Where a value is, or what it is. */
export type Location =
  | { readonly kind: 'memory'; readonly address: number }
  | { readonly kind: 'register'; readonly register: number }
  /** No place, but its bytes in the order of the target. */
  | { readonly kind: 'value'; readonly bytes: Uint8Array }
  /** A pointer that was optimized away, to `offset` bytes into what `target` describes. */
  | { readonly kind: 'implicitPointer'; readonly target: Die; readonly offset: number }
  | { readonly kind: 'pieces'; readonly pieces: readonly Piece[] }
  | { readonly kind: 'optimizedOut' }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** A part of a value, `bitSize` bits from bit `bitOffset` of its location; pieces follow each other. */
export interface Piece {
  readonly location: Exclude<Location, { kind: 'pieces' }>;
  readonly bitSize: number;
  readonly bitOffset: number;
}

/** What expressions ask of the frame that they are evaluated in. */
export interface ExpressionHost {
  readonly littleEndian: boolean;
  /** By its DWARF number: r0 to r15 are 0 to 15. */
  register(number: number): number | undefined;
  memory(address: number, size: number): Uint8Array | undefined;
  /** The canonical frame address. */
  cfa(): number | undefined;
  /** DW_AT_frame_base of the function. */
  frameBase(): number | undefined;
  /** What an expression gave when the function was entered. */
  entryValue(expression: Block): bigint | undefined;
  /** What was passed for a parameter that the compiler has removed, by its abstract entry. */
  parameter(formal: Die): bigint | undefined;
}

/** Why an evaluation cannot go on, for reasons that lie in the frame. */
class Unavailable extends Error {}

/** The location that an expression describes. An empty expression means that the value was optimized out. */
export function locate(block: Block, unit: Unit, host: ExpressionHost): Location {
  try {
    return new Evaluation(unit, host, 0).location(block);
  } catch (error) {
    if (error instanceof Unavailable) return { kind: 'unavailable', reason: error.message };
    throw error;
  }
}

/** The value that an expression computes; undefined when the frame cannot tell. */
export function evaluate(
  block: Block,
  unit: Unit | undefined,
  host: ExpressionHost,
  initial: readonly bigint[] = [],
): bigint | undefined {
  try {
    return new Evaluation(unit, host, 0).value(block, initial);
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
}

/** What an expression adds to the address of an object (DW_AT_data_member_location as a block). */
export function constantOffset(block: Block): number {
  const reader = block.section.reader(block.start, block.end);
  // DWARF 2 members: the only operation that compilers write.
  if (!reader.done && reader.u8() === OP.plusUconst) {
    const offset = reader.uleb();
    if (reader.done) return offset;
  }
  return block.section.fail('a member whose offset is not constant', block.start);
}

/** The value of an expression of call frame information, which belongs to no unit. */
export function locateValue(block: Block, host: ExpressionHost, initial: readonly bigint[]): bigint | undefined {
  return evaluate(block, undefined, host, initial);
}

class Evaluation {
  private readonly owner: Unit | undefined;
  private readonly host: ExpressionHost;
  private readonly depth: number;
  private readonly stack: StackValue[] = [];
  private readonly pieces: Piece[] = [];
  /** A location that is no value on the stack, until a piece or the end. */
  private place: Exclude<Location, { kind: 'pieces' }> | undefined;
  private operations = 0;

  constructor(unit: Unit | undefined, host: ExpressionHost, depth: number) {
    this.owner = unit;
    this.host = host;
    this.depth = depth;
    if (depth > MAX_DEPTH) throw new Unavailable('its expression calls itself');
  }

  private get unit(): Unit {
    return this.owner ?? this.miss('its expression needs a unit');
  }

  location(block: Block): Location {
    this.run(block);
    if (this.pieces.length > 0) return { kind: 'pieces', pieces: this.pieces };
    return this.single();
  }

  value(block: Block, initial: readonly bigint[]): bigint {
    for (const value of initial) this.stack.push({ value, type: undefined });
    this.run(block);
    if (this.place?.kind === 'register') return this.registerValue(this.place.register);
    const top = this.stack.at(-1);
    if (this.place || !top) throw new Unavailable('its expression gives no value');
    return typed.bitsOf(top);
  }

  /** The location described since the last piece. */
  private single(): Exclude<Location, { kind: 'pieces' }> {
    const place = this.place;
    this.place = undefined;
    if (place) return place;
    const top = this.stack.pop();
    return top ? { kind: 'memory', address: Number(BigInt.asUintN(32, top.value)) } : { kind: 'optimizedOut' };
  }

  private run({ section, start, end }: Block): void {
    const { host, stack } = this;
    const reader = section.reader(start, end);
    while (!reader.done) {
      if (++this.operations > MAX_OPERATIONS) throw new Unavailable('its expression does not end');
      if (stack.length > MAX_STACK) throw new Unavailable('its expression needs too much space');
      const op = reader.u8();
      if (op >= OP.lit0 && op <= OP.lit31) this.push(BigInt(op - OP.lit0));
      else if (op >= OP.reg0 && op <= OP.reg31) this.place = { kind: 'register', register: op - OP.reg0 };
      else if (op >= OP.breg0 && op <= OP.breg31) this.based(op - OP.breg0, reader.sleb());
      else if (this.constant(op, reader) || this.arithmetic(op, reader)) continue;
      else {
        switch (op) {
          case OP.nop:
          case OP.gnuUninit:
            break;
          case OP.regx:
            this.place = { kind: 'register', register: reader.uleb() };
            break;
          case OP.bregx:
            this.based(reader.uleb(), reader.sleb());
            break;
          case OP.fbreg: {
            const offset = reader.sleb();
            const base = host.frameBase() ?? this.miss('the frame base is not known here');
            this.push(BigInt(base + offset));
            break;
          }
          case OP.callFrameCfa:
            this.push(BigInt(host.cfa() ?? this.miss('there is no call frame information for this code')));
            break;
          case OP.dup:
            stack.push(this.peek(0));
            break;
          case OP.drop:
            this.pop();
            break;
          case OP.over:
            stack.push(this.peek(1));
            break;
          case OP.pick:
            stack.push(this.peek(reader.u8()));
            break;
          case OP.swap: {
            const [top, below] = [this.pop(), this.pop()];
            stack.push(top, below);
            break;
          }
          case OP.rot: {
            const [top, second, third] = [this.pop(), this.pop(), this.pop()];
            stack.push(top, third, second);
            break;
          }
          case OP.deref:
            this.push(this.read(this.address(), 4));
            break;
          case OP.derefSize:
            this.push(this.read(this.address(), reader.u8()));
            break;
          case OP.derefType:
          case OP.gnuDerefType: {
            const size = reader.u8();
            const type = this.baseType(reader.uleb());
            stack.push(typed.fromBits(this.read(this.address(), size), type));
            break;
          }
          case OP.bra: {
            const distance = reader.i16();
            if (this.pop().value !== 0n) this.jump(reader, start, distance);
            break;
          }
          case OP.skip:
            this.jump(reader, start, reader.i16());
            break;
          case OP.call2:
            this.call(this.unit.dieInUnit(reader.u16()));
            break;
          case OP.call4:
            this.call(this.unit.dieInUnit(reader.u32()));
            break;
          case OP.callRef: {
            const { unit } = this;
            this.call(unit.owner.dieAt(unit.section, readOffset(reader, unit.offsetSize)));
            break;
          }
          case OP.piece:
            this.piece(reader.uleb() * 8, 0);
            break;
          case OP.bitPiece:
            this.piece(reader.uleb(), reader.uleb());
            break;
          case OP.implicitValue: {
            const size = reader.uleb();
            const at = reader.position;
            reader.skip(size);
            this.place = { kind: 'value', bytes: reader.bytes.subarray(at, at + Math.min(size, MAX_IMPLICIT)) };
            break;
          }
          case OP.stackValue:
            this.place = { kind: 'value', bytes: typed.bytesOf(this.pop(), host.littleEndian) };
            break;
          case OP.implicitPointer:
          case OP.gnuImplicitPointer: {
            const { unit } = this;
            const size = unit.version < 3 ? unit.addressSize : unit.offsetSize;
            const target = unit.owner.dieAt(unit.section, readOffset(reader, size));
            this.place = { kind: 'implicitPointer', target, offset: reader.sleb() };
            break;
          }
          case OP.entryValue:
          case OP.gnuEntryValue:
            this.entryValue(reader, section);
            break;
          case OP.regvalType:
          case OP.gnuRegvalType: {
            const register = reader.uleb();
            const type = this.baseType(reader.uleb());
            stack.push(typed.fromBits(this.wideRegister(register, type.size), type));
            break;
          }
          case OP.convert:
          case OP.gnuConvert: {
            const type = reader.uleb();
            stack.push(typed.convert(this.pop(), type === 0 ? undefined : this.baseType(type)));
            break;
          }
          case OP.reinterpret:
          case OP.gnuReinterpret: {
            const type = reader.uleb();
            const bits = typed.bitsOf(this.pop());
            stack.push(type === 0 ? { value: bits, type: undefined } : typed.fromBits(bits, this.baseType(type)));
            break;
          }
          case OP.formTlsAddress:
          case OP.gnuPushTlsAddress:
            this.miss('it is local to a thread, and threads are not known here');
            break;
          case OP.gnuParameterRef: {
            const value = host.parameter(this.unit.dieInUnit(reader.u32()));
            this.push(value ?? this.miss('its value at entry is not recorded by the caller'));
            break;
          }
          case OP.pushObjectAddress:
          case OP.gnuVariableValue:
            this.miss('its place depends on another object');
            break;
          default:
            reader.position--;
            reader.fail(`operation 0x${op.toString(16)} of an expression is not known`);
        }
      }
    }
  }

  /** Operations that push a constant. */
  private constant(op: number, reader: ByteReader): boolean {
    switch (op) {
      case OP.addr:
      case OP.const4u:
        this.push(BigInt(reader.u32()));
        return true;
      case OP.const1u:
        this.push(BigInt(reader.u8()));
        return true;
      case OP.const1s:
        this.push(BigInt(reader.i8()));
        return true;
      case OP.const2u:
        this.push(BigInt(reader.u16()));
        return true;
      case OP.const2s:
        this.push(BigInt(reader.i16()));
        return true;
      case OP.const4s:
        this.push(BigInt(reader.i32()));
        return true;
      case OP.const8u:
      case OP.const8s:
        this.push(reader.u64());
        return true;
      case OP.constu:
        this.push(reader.uleb64());
        return true;
      case OP.consts:
        this.push(reader.sleb64());
        return true;
      case OP.addrx:
      case OP.constx:
      case OP.gnuAddrIndex:
      case OP.gnuConstIndex:
        this.push(BigInt(this.unit.indexedAddress(reader.uleb())));
        return true;
      case OP.constType:
      case OP.gnuConstType: {
        const type = this.baseType(reader.uleb());
        this.stack.push(typed.fromBits(littleOrBig(reader, reader.u8()), type));
        return true;
      }
      default:
        return false;
    }
  }

  private arithmetic(op: number, reader: ByteReader): boolean {
    if (op === OP.plusUconst) {
      const top = this.pop();
      const addend = typed.convert({ value: reader.uleb64(), type: undefined }, top.type);
      this.stack.push(typed.binary(OP.plus, top, addend) ?? top);
      return true;
    }
    if (op === OP.abs || op === OP.neg || op === OP.not) {
      this.stack.push(typed.unary(op, this.pop()));
      return true;
    }
    if (!typed.isBinary(op)) return false;
    const right = this.pop();
    const left = this.pop();
    const result = typed.binary(op, left, right);
    this.stack.push(result ?? this.miss('its expression divides by zero'));
    return true;
  }

  private entryValue(reader: ByteReader, section: DwarfSection): void {
    const size = reader.uleb();
    const start = reader.position;
    reader.skip(size);
    const value = this.host.entryValue({ section, start, end: start + size });
    this.push(value ?? this.miss('its value at entry is not recorded by the caller'));
  }

  private call(die: Die): void {
    const block = die.block(AT.location);
    if (!block) return;
    const inner = new Evaluation(this.owner, this.host, this.depth + 1);
    inner.stack.push(...this.stack.splice(0));
    inner.operations = this.operations;
    inner.run(block);
    this.operations = inner.operations;
    this.stack.push(...inner.stack);
    this.place = inner.place ?? this.place;
  }

  private piece(bitSize: number, bitOffset: number): void {
    this.pieces.push({ location: this.single(), bitSize, bitOffset });
  }

  private based(register: number, offset: number): void {
    this.push(this.registerValue(register) + BigInt(offset));
  }

  private registerValue(register: number): bigint {
    return BigInt(this.host.register(register) ?? this.miss(`register ${register} was not saved`));
  }

  /** A value that may take a pair of registers, the lower first. */
  private wideRegister(register: number, size: number): bigint {
    const low = this.registerValue(register);
    return size > 4 ? low | (this.registerValue(register + 1) << 32n) : low;
  }

  private address(): number {
    return Number(BigInt.asUintN(32, this.pop().value));
  }

  private read(address: number, size: number): bigint {
    const bytes = size >= 1 && size <= 8 ? this.host.memory(address, size) : undefined;
    if (bytes?.length !== size) this.miss(`memory at 0x${address.toString(16)} cannot be read`);
    return typed.bitsFromBytes(bytes, this.host.littleEndian);
  }

  private baseType(offset: number): typed.ValueType {
    const die = this.unit.dieInUnit(offset);
    const encoding = die.number(AT.encoding) ?? ENCODING.unsigned;
    const size = die.number(AT.byteSize) ?? 4;
    if (size > 16) this.miss(`it has a type of ${size} bytes`);
    return { size, encoding };
  }

  private jump(reader: ByteReader, start: number, distance: number): void {
    const target = reader.position + distance;
    if (target < start || target > reader.end) reader.fail('an expression that jumps outside itself');
    reader.position = target;
  }

  private push(value: bigint): void {
    this.stack.push({ value: BigInt.asUintN(32, value), type: undefined });
  }

  private pop(): StackValue {
    return this.stack.pop() ?? this.miss('its expression takes more than there is');
  }

  private peek(depth: number): StackValue {
    return this.stack.at(-1 - depth) ?? this.miss('its expression takes more than there is');
  }

  private miss(reason: string): never {
    throw new Unavailable(reason);
  }
}

/** A constant of a base type, of as many bytes as are told. */
function littleOrBig(reader: ByteReader, size: number): bigint {
  const at = reader.position;
  reader.skip(size);
  return typed.bitsFromBytes(reader.bytes.subarray(at, at + size), reader.littleEndian);
}
