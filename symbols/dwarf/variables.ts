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

/**
 * The variables that a scope declares itself, in the order of the source. A concrete instance leaves out those of its
 * abstract instance that were optimized away; they are listed all the same. Declarations of what is elsewhere are not.
 */
export function variablesIn(scope: Scope, types: TypeReader, lines: LineTables): DebugVariable[] {
  const variables: DebugVariable[] = [];
  const seen = new Set<string>();
  const add = (die: Die): void => {
    const variable = new DebugVariable(die, types, lines);
    if (variable.name !== '' && !die.flag(AT.declaration)) variables.push(variable);
  };
  for (const die of scope.die.children()) {
    if (die.tag !== TAG.variable && die.tag !== TAG.formalParameter) continue;
    for (const { unit, offset } of die.origins()) seen.add(`${unit.section.source} ${offset}`);
    add(die);
  }
  for (const die of scope.die.reference(AT.abstractOrigin)?.children() ?? []) {
    if (die.tag !== TAG.variable && die.tag !== TAG.formalParameter) continue;
    if (!seen.has(`${die.unit.section.source} ${die.offset}`)) add(die);
  }
  return variables;
}
