/** Functions with code, and the scopes in them: lexical blocks and inlined subroutines. */
import { AT, LANGUAGE_ASSEMBLER, TAG } from './constants.ts';
import type { Die } from './die.ts';
import { contains, rangesOf, type AddressRange } from './ranges.ts';
import type { Unit } from './unit.ts';
import { KIND, type UnitNames } from './unit-names.ts';

/** Deeper nesting than this is damage. */
const MAX_DEPTH = 256;

/** A range of code in which names are visible. */
export interface Scope {
  readonly kind: 'function' | 'inlined' | 'block';
  readonly die: Die;
  readonly ranges: readonly AddressRange[];
  readonly parent: Scope | undefined;
  readonly children: readonly Scope[];
}

/** A function that has code of its own. */
export class DebugFunction {
  readonly die: Die;
  readonly ranges: readonly AddressRange[];
  private tree: Scope | undefined;
  private inner: DebugFunction[] | undefined;

  constructor(die: Die, ranges: readonly AddressRange[]) {
    this.die = die;
    this.ranges = ranges;
  }

  get unit(): Unit {
    return this.die.unit;
  }

  get name(): string {
    return this.die.fullName ?? '';
  }

  /** The address that calls go to. */
  get entry(): number {
    return this.die.address(AT.entryPc) ?? this.die.address(AT.lowPc) ?? this.ranges[0].start;
  }

  get isExternal(): boolean {
    return this.die.withAttribute(AT.external)?.flag(AT.external) ?? false;
  }

  /** The function as a scope, with all scopes in it. */
  get scope(): Scope {
    this.tree ??= this.build();
    return this.tree;
  }

  /** Functions nested in this one (a GNU extension of C); their code lies outside its ranges. */
  get nested(): readonly DebugFunction[] {
    this.tree ??= this.build();
    return this.inner ?? [];
  }

  /** Whether the code was written in assembly language. */
  get isAssembly(): boolean {
    return this.unit.language === LANGUAGE_ASSEMBLER;
  }

  private build(): Scope {
    const inner: DebugFunction[] = [];
    const scope = { kind: 'function' as const, die: this.die, ranges: this.ranges, parent: undefined, children: [] };
    collect(scope, inner, 0);
    this.inner = inner;
    return scope;
  }
}

function collect(parent: Scope & { children: Scope[] }, nested: DebugFunction[], depth: number): void {
  if (depth > MAX_DEPTH) parent.die.unit.section.fail('the scopes are nested too deeply', parent.die.offset);
  for (const die of parent.die.children()) {
    if (die.tag === TAG.lexicalBlock || die.tag === TAG.inlinedSubroutine) {
      const kind: Scope['kind'] = die.tag === TAG.lexicalBlock ? 'block' : 'inlined';
      const ranges = rangesOf(die);
      const scope = { kind, die, ranges, parent, children: [] as Scope[] };
      collect(scope, nested, depth + 1);
      // A scope without code of its own may still have children with some.
      if (ranges.length > 0 || scope.children.length > 0) parent.children.push(scope);
    } else if (die.tag === TAG.subprogram) {
      const ranges = rangesOf(die);
      if (ranges.length > 0) nested.push(new DebugFunction(die, ranges));
    }
  }
}

/** The scopes that contain an address, outermost (the function) first. */
export function scopesAt(root: Scope, address: number): Scope[] {
  for (const child of root.children) {
    const path = child.ranges.length === 0 || contains(child.ranges, address) ? scopesAt(child, address) : [];
    if (path.length > 1 || (path.length === 1 && child.ranges.length > 0)) return [root, ...path];
  }
  return [root];
}

/** All inlined subroutines below a scope. */
export function* inlinedIn(scope: Scope): Generator<Scope> {
  for (const child of scope.children) {
    if (child.kind === 'inlined') yield child;
    yield* inlinedIn(child);
  }
}

/** The functions of one unit, in the order of their entries. */
export function functionsOf(unit: Unit, names: UnitNames): DebugFunction[] {
  const functions: DebugFunction[] = [];
  for (let i = 0; i < names.count; i++) {
    if (names.kinds[i] !== KIND.function || names.declarations[i] !== 0) continue;
    const die = unit.dieInUnit(names.dies[i] - unit.offset);
    const ranges = rangesOf(die);
    if (ranges.length > 0) functions.push(new DebugFunction(die, ranges));
  }
  return functions;
}
