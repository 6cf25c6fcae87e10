/** Reads types from their entries. Each entry gives one object, whose parts are read when asked for. */
import { AT, ENCODING, TAG } from './constants.ts';
import type { Die } from './die.ts';
import { constantOffset } from './expression.ts';
import {
  resolved,
  VOID,
  type ArrayType,
  type BaseEncoding,
  type DebugType,
  type EnumType,
  type FunctionType,
  type Member,
  type StructType,
} from './types.ts';
import type { DwarfSection } from './sections.ts';

const POINTER_SIZE = 4;
/** Sizes of nested arrays and typedefs are computed by descending this deep at most. */
const MAX_DEPTH = 64;

const ENCODINGS: Readonly<Record<number, BaseEncoding>> = {
  [ENCODING.boolean]: 'boolean',
  [ENCODING.complexFloat]: 'complex',
  [ENCODING.float]: 'float',
  [ENCODING.signed]: 'signed',
  [ENCODING.signedChar]: 'signedChar',
  [ENCODING.unsigned]: 'unsigned',
  [ENCODING.unsignedChar]: 'unsignedChar',
  [ENCODING.utf]: 'utf',
};

const QUALIFIERS = {
  [TAG.constType]: 'const',
  [TAG.volatileType]: 'volatile',
  [TAG.restrictType]: 'restrict',
  [TAG.atomicType]: '_Atomic',
} as const;

const KEYWORDS: Readonly<Record<number, StructType['keyword']>> = {
  [TAG.structureType]: 'struct',
  [TAG.unionType]: 'union',
  [TAG.classType]: 'class',
  [TAG.interfaceType]: 'class',
};

/** Computes a value once, when it is first read. */
function lazy<T>(compute: () => T): () => T {
  let value: { readonly is: T } | undefined;
  return () => (value ??= { is: compute() }).is;
}

/** Types by entry. */
export class TypeReader {
  private readonly cache = new Map<DwarfSection, Map<number, DebugType>>();
  private depth = 0;

  /** The type that an attribute of an entry refers to; `void` when it has none. */
  typeOf(die: Die): DebugType {
    const target = die.withAttribute(AT.type)?.reference(AT.type);
    return target ? this.read(target) : VOID;
  }

  /** The type that an entry describes. */
  read(die: Die): DebugType {
    let types = this.cache.get(die.unit.section);
    if (!types) this.cache.set(die.unit.section, (types = new Map<number, DebugType>()));
    let type = types.get(die.offset);
    if (!type) types.set(die.offset, (type = this.make(die)));
    return type;
  }

  /** The function type of a subprogram or subroutine type. */
  functionType(die: Die): FunctionType {
    const described = die.withAttribute(AT.prototyped) ?? die.withAttribute(AT.type) ?? die;
    const parts = lazy(() => {
      const parameters: DebugType[] = [];
      let isVariadic = false;
      for (const child of described.children()) {
        if (child.tag === TAG.formalParameter) parameters.push(this.typeOf(child));
        else if (child.tag === TAG.unspecifiedParameters) isVariadic = true;
      }
      return { parameters, isVariadic };
    });
    const returns = lazy(() => this.typeOf(die));
    return {
      kind: 'function',
      name: undefined,
      size: undefined,
      isPrototyped: described.flag(AT.prototyped),
      get returns() {
        return returns();
      },
      get parameters() {
        return parts().parameters;
      },
      get isVariadic() {
        return parts().isVariadic;
      },
    };
  }

  private make(die: Die): DebugType {
    switch (die.tag) {
      case TAG.baseType:
        return {
          kind: 'base',
          name: die.name ?? '',
          size: die.number(AT.byteSize) ?? 0,
          encoding: ENCODINGS[die.number(AT.encoding) ?? 0] ?? 'unsigned',
        };
      case TAG.pointerType:
        return this.pointer(die, '*');
      case TAG.referenceType:
        return this.pointer(die, '&');
      case TAG.rvalueReferenceType:
        return this.pointer(die, '&&');
      case TAG.structureType:
      case TAG.unionType:
      case TAG.classType:
      case TAG.interfaceType:
        return this.struct(die);
      case TAG.enumerationType:
        return this.enumeration(die);
      case TAG.arrayType:
        return this.array(die);
      case TAG.subroutineType:
        return this.functionType(die);
      case TAG.typedef:
        return this.alias(die, { kind: 'typedef', name: die.name ?? '' });
      case TAG.constType:
      case TAG.volatileType:
      case TAG.restrictType:
      case TAG.atomicType:
        return this.alias(die, { kind: 'qualified', name: undefined, qualifier: QUALIFIERS[die.tag] });
      default:
        return { kind: 'void', name: die.name ?? 'void', size: die.number(AT.byteSize) };
    }
  }

  private pointer(die: Die, reference: '*' | '&' | '&&'): DebugType {
    const target = lazy(() => this.typeOf(die));
    return {
      kind: 'pointer',
      name: undefined,
      size: die.number(AT.byteSize) ?? POINTER_SIZE,
      reference,
      get target() {
        return target();
      },
    };
  }

  /** A typedef or a qualifier. */
  private alias<T extends object>(die: Die, own: T): T & { size: number | undefined; target: DebugType } {
    const target = lazy(() => this.typeOf(die));
    const size = lazy(() => resolved(target()).size);
    return Object.defineProperties(own, {
      target: { get: target, enumerable: true },
      size: { get: size, enumerable: true },
    }) as T & { size: number | undefined; target: DebugType };
  }

  private struct(die: Die): StructType {
    // A type unit holds the definition of what refers to it by signature.
    const definition = die.has(AT.signature) ? die.reference(AT.signature) : undefined;
    if (definition && definition.tag === die.tag && !definition.has(AT.signature)) {
      const type = this.read(definition);
      if (type.kind === 'struct') return type;
    }
    const members = lazy(() => this.members(die));
    return {
      kind: 'struct',
      keyword: KEYWORDS[die.tag],
      name: die.fullName,
      size: die.number(AT.byteSize),
      isDeclaration: die.flag(AT.declaration),
      get members() {
        return members();
      },
    };
  }

  private members(struct: Die): Member[] {
    const members: Member[] = [];
    for (const die of struct.children()) {
      if (die.tag !== TAG.member && die.tag !== TAG.inheritance) continue;
      if (die.flag(AT.external) || die.flag(AT.declaration)) continue; // static members have no place in the object
      const type = lazy(() => this.typeOf(die));
      const bits = bitField(die, () => resolved(type()).size ?? 0);
      const offset = bits ? Math.floor(bits.offset / 8) : memberLocation(die);
      members.push({
        name: die.name,
        offset,
        bits,
        artificial: die.tag === TAG.inheritance || die.flag(AT.artificial),
        get type() {
          return type();
        },
      });
    }
    return members;
  }

  private enumeration(die: Die): EnumType {
    const definition = die.has(AT.signature) ? die.reference(AT.signature) : undefined;
    if (definition && definition.tag === die.tag && !definition.has(AT.signature)) {
      const type = this.read(definition);
      if (type.kind === 'enum') return type;
    }
    const size = die.number(AT.byteSize) ?? 4;
    const enumerators = lazy(() =>
      [...die.children()]
        .filter(({ tag }) => tag === TAG.enumerator)
        .map((entry) => ({ name: entry.name ?? '', value: enumeratorValue(entry, size, unsignedBase(die)) })),
    );
    const isSigned = lazy(() => enumerators().some(({ value }) => value < 0n));
    return {
      kind: 'enum',
      name: die.fullName,
      size,
      isDeclaration: die.flag(AT.declaration),
      get isSigned() {
        return isSigned();
      },
      get enumerators() {
        return enumerators();
      },
    };
  }

  private array(die: Die): DebugType {
    const dimensions = [...die.children()]
      .filter(({ tag }) => tag === TAG.subrangeType || tag === TAG.enumerationType)
      .map(dimension);
    if (dimensions.length === 0) dimensions.push(undefined);
    const element = lazy(() => this.typeOf(die));
    const build = (index: number): ArrayType => {
      const inner = lazy(() => (index + 1 < dimensions.length ? build(index + 1) : element()));
      const count = dimensions[index];
      const size = lazy(() => this.bounded(() => arraySize(count, inner().size), die));
      return {
        kind: 'array',
        name: undefined,
        count,
        get element() {
          return inner();
        },
        get size() {
          return size();
        },
      };
    };
    return build(0);
  }

  /** Runs what may descend into types again; types that contain themselves are damage. */
  private bounded<T>(compute: () => T, die: Die): T {
    if (this.depth >= MAX_DEPTH) die.unit.section.fail('a type that contains itself', die.offset);
    this.depth++;
    try {
      return compute();
    } finally {
      this.depth--;
    }
  }
}

const arraySize = (count: number | undefined, element: number | undefined): number | undefined =>
  count === undefined || element === undefined ? undefined : count * element;

/** The number of elements of a dimension; undefined when the array is flexible or its size is not constant. */
function dimension(die: Die): number | undefined {
  const count = die.number(AT.count);
  if (count !== undefined) return count;
  const upper = die.signedInteger(AT.upperBound);
  if (upper === undefined) return undefined;
  // Zero-length arrays of GNU C have an upper bound of -1, in whatever size; others may need the sign bit.
  if (upper >= 0n) return Number(upper) + 1;
  const unsigned = die.number(AT.upperBound) ?? 0;
  return upper === -1n && unsigned !== 0xff && unsigned !== 0xffff ? 0 : unsigned + 1;
}

/** DW_AT_data_member_location: a constant, or an expression that adds one to the address of the structure. */
function memberLocation(die: Die): number {
  const block = die.block(AT.dataMemberLocation);
  return block ? constantOffset(block) : (die.number(AT.dataMemberLocation) ?? 0);
}

/** The place of a bit field, however it is encoded (5.7.6 of DWARF 5, 5.5.6 of DWARF 3). */
function bitField(die: Die, typeSize: () => number): { offset: number; size: number } | undefined {
  const size = die.number(AT.bitSize);
  if (size === undefined) return undefined;
  const start = memberLocation(die) * 8;
  const fromStart = die.number(AT.dataBitOffset);
  if (fromStart !== undefined) return { offset: start + fromStart, size };
  const fromTop = die.signedInteger(AT.bitOffset);
  if (fromTop === undefined) return { offset: start, size };
  // DWARF 2: counted from the most significant bit of a storage unit.
  if (!die.unit.section.littleEndian) return { offset: start + Number(fromTop), size };
  const storage = (die.number(AT.byteSize) ?? typeSize()) * 8;
  return { offset: start + storage - Number(fromTop) - size, size };
}

/** Whether an enumeration says that its values are unsigned. */
function unsignedBase(die: Die): boolean {
  let base = die.reference(AT.type);
  for (let i = 0; base && base.tag !== TAG.baseType && i < MAX_DEPTH; i++) base = base.reference(AT.type);
  const encoding = base?.number(AT.encoding);
  return encoding === ENCODING.unsigned || encoding === ENCODING.unsignedChar;
}

/** Small values are stored in small forms: those have a sign only where the number says so. */
function enumeratorValue(die: Die, size: number, isUnsigned: boolean): bigint {
  const value = BigInt(die.integer(AT.constValue) ?? 0);
  return isUnsigned ? BigInt.asUintN(size * 8, value) : value;
}
