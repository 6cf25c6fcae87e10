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

/** The variables that a scope declares itself, arguments first. Names that only declare something elsewhere are left out. */
export function variablesIn(scope: Scope, types: TypeReader, lines: LineTables): DebugVariable[] {
  const variables: DebugVariable[] = [];
  for (const die of scope.die.children()) {
    if (die.tag !== TAG.variable && die.tag !== TAG.formalParameter) continue;
    if (die.flag(AT.declaration)) continue;
    const variable = new DebugVariable(die, types, lines);
    if (variable.name !== '') variables.push(variable);
  }
  return variables;
}
