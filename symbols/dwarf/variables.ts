/** Variables: arguments and locals by scope, and globals. */
import { AT, TAG } from './constants.ts';
import type { Die } from './die.ts';
import type { Scope } from './functions.ts';
import type { LineTables, SourcePlace } from './line-tables.ts';
import type { TypeReader } from './type-reader.ts';
import type { DebugType } from './types.ts';

/** A variable or an argument. */
export class DebugVariable {
  readonly die: Die;
  readonly name: string;
  readonly isArgument: boolean;
  private readonly types: TypeReader;
  private readonly lines: LineTables;

  constructor(die: Die, types: TypeReader, lines: LineTables) {
    this.die = die;
    this.name = die.fullName ?? '';
    this.isArgument = die.tag === TAG.formalParameter;
    this.types = types;
    this.lines = lines;
  }

  get type(): DebugType {
    return this.types.typeOf(this.die);
  }

  get declaration(): SourcePlace | undefined {
    return this.lines.declaration(this.die);
  }

  get isExternal(): boolean {
    return this.die.withAttribute(AT.external)?.flag(AT.external) ?? false;
  }
}

/** Blocks in blocks that have no code of their own; deeper nesting is damage. */
const MAX_DEPTH = 256;

const isVariable = ({ tag }: Die): boolean => tag === TAG.variable || tag === TAG.formalParameter;

/**
 * The variables that a scope declares itself, in the order of the source. A concrete instance leaves out those of its
 * abstract instance that were optimized away; they are listed all the same, and so are those of blocks that have no
 * code, as what contains the block. Declarations of what is elsewhere are not.
 */
export function variablesIn(scope: Scope, types: TypeReader, lines: LineTables): DebugVariable[] {
  const dies: Die[] = [];
  collectConcrete(scope.die, dies, 0);
  return dies
    .filter((die) => !die.flag(AT.declaration))
    .map((die) => new DebugVariable(die, types, lines))
    .filter(({ name }) => name !== '');
}

/** Variables of an entry, and of the blocks in it that are transparent: those without addresses. */
function collectConcrete(parent: Die, into: Die[], depth: number): void {
  checkDepth(parent, depth);
  const origin = parent.reference(AT.abstractOrigin);
  const present = new Set<number>();
  for (const die of parent.children()) {
    if (origin && die.tag !== TAG.callSite && die.tag !== TAG.gnuCallSite) {
      // An entry stands for what it comes from only where that is a child of its parent's origin.
      for (const { unit, offset } of die.origins()) if (unit === origin.unit) present.add(offset);
    }
    if (isVariable(die)) into.push(die);
    else if (die.tag === TAG.lexicalBlock && !hasAddresses(die)) collectConcrete(die, into, depth + 1);
  }
  if (!origin) return;
  for (const die of origin.children()) if (!present.has(die.offset)) collectAbstract(die, into, depth + 1);
}

/** A variable that has no concrete entry, and those of a block that has none. */
function collectAbstract(die: Die, into: Die[], depth: number): void {
  checkDepth(die, depth);
  if (isVariable(die)) into.push(die);
  if (die.tag !== TAG.lexicalBlock) return;
  for (const child of die.children()) collectAbstract(child, into, depth + 1);
}

const hasAddresses = (die: Die): boolean => die.has(AT.lowPc) || die.has(AT.ranges);

function checkDepth(die: Die, depth: number): void {
  if (depth > MAX_DEPTH) die.unit.section.fail('blocks are nested too deeply', die.offset);
}
