/** The model of C types that the rest of the debugger sees. Parts that refer to other types are read when asked for. */

interface Common {
  /** The tag or the name of a typedef or base type; undefined when anonymous. */
  readonly name: string | undefined;
  /** In bytes; undefined when the type is incomplete or has none (functions, void). */
  readonly size: number | undefined;
}

/** How the bits of a base type mean a value. */
export type BaseEncoding =
  'signed' | 'unsigned' | 'signedChar' | 'unsignedChar' | 'boolean' | 'float' | 'complex' | 'utf';

export interface BaseType extends Common {
  readonly kind: 'base';
  readonly name: string;
  readonly size: number;
  readonly encoding: BaseEncoding;
}

/** `void`, and what has no type in the debug information. */
export interface VoidType extends Common {
  readonly kind: 'void';
}

/** A pointer, or a reference of C++. */
export interface PointerType extends Common {
  readonly kind: 'pointer';
  readonly size: number;
  readonly reference: '*' | '&' | '&&';
  readonly target: DebugType;
}

/** One member. Offsets are from the start of the structure, in bits in the order of the machine for bit fields. */
export interface Member {
  /** Undefined for an anonymous structure or union, whose members count as the outer one's. */
  readonly name: string | undefined;
  readonly type: DebugType;
  /** In bytes; of a bit field, of the byte that its first bit is in. */
  readonly offset: number;
  /** Of a bit field: its first bit from the start of the structure, and its width. */
  readonly bits: { readonly offset: number; readonly size: number } | undefined;
  /** A base class, or a member that the compiler added. */
  readonly artificial: boolean;
}

export interface StructType extends Common {
  readonly kind: 'struct';
  readonly keyword: 'struct' | 'union' | 'class';
  /** Only declared here; `DebugInfo.complete` finds the definition. */
  readonly isDeclaration: boolean;
  readonly members: readonly Member[];
}

export interface Enumerator {
  readonly name: string;
  readonly value: bigint;
}

export interface EnumType extends Common {
  readonly kind: 'enum';
  readonly isDeclaration: boolean;
  readonly isSigned: boolean;
  readonly enumerators: readonly Enumerator[];
}

/** One dimension; an array of arrays has an array as its element. */
export interface ArrayType extends Common {
  readonly kind: 'array';
  readonly element: DebugType;
  /** Number of elements; undefined for a flexible array. */
  readonly count: number | undefined;
}

export interface FunctionType extends Common {
  readonly kind: 'function';
  readonly returns: DebugType;
  readonly parameters: readonly DebugType[];
  /** Ends in `...`. */
  readonly isVariadic: boolean;
  /** Declared with a parameter list. */
  readonly isPrototyped: boolean;
}

export interface TypedefType extends Common {
  readonly kind: 'typedef';
  readonly name: string;
  readonly target: DebugType;
}

export interface QualifiedType extends Common {
  readonly kind: 'qualified';
  readonly qualifier: 'const' | 'volatile' | 'restrict' | '_Atomic';
  readonly target: DebugType;
}

export type DebugType =
  ArrayType | BaseType | EnumType | FunctionType | PointerType | QualifiedType | StructType | TypedefType | VoidType;

export const VOID: VoidType = { kind: 'void', name: 'void', size: undefined };

/** Typedefs and qualifiers that refer to each other in a ring are damage. */
const LONGEST_CHAIN = 64;

/** The type behind typedefs and qualifiers; `void` when they never end. */
export function resolved(type: DebugType): Exclude<DebugType, TypedefType | QualifiedType> {
  let inner = type;
  for (let i = 0; i < LONGEST_CHAIN; i++) {
    if (inner.kind !== 'typedef' && inner.kind !== 'qualified') return inner;
    inner = inner.target;
  }
  return VOID;
}

/** The type behind qualifiers, typedefs kept. */
export function unqualified(type: DebugType): Exclude<DebugType, QualifiedType> {
  let inner = type;
  for (let i = 0; i < LONGEST_CHAIN; i++) {
    if (inner.kind !== 'qualified') return inner;
    inner = inner.target;
  }
  return VOID;
}
