/**
 * Variables of a frame: arguments and locals, the globals of its source file, and what is inside values. Nothing is read
 * before a client opens it, and a reference holds until the guest moves.
 */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { InputError } from '../../formats/input-error.ts';
import { compileExpression, type Compiled } from '../../symbols/c-expression/compile.ts';
import { childCount, childrenOf, formatValue, type Radix } from '../../symbols/c-expression/format.ts';
import { addressOf, assign, toInteger, valueAt, type Value } from '../../symbols/c-expression/value.ts';
import { typeName } from '../../symbols/dwarf/type-name.ts';
import { resolved } from '../../symbols/dwarf/types.ts';
import type { DebugVariable } from '../../symbols/dwarf/variables.ts';
import { formatAddress } from './address.ts';
import { isRecord, type RequestArguments } from './arguments.ts';
import { expressionError, unknownReference, unknownVariable } from './errors.ts';
import { problemOf } from './expressions.ts';
import type { FrameContext } from './frame-context.ts';

/** References below this belong to the registers. */
const FIRST_REFERENCE = 0x4000_0000;
/** Arrays are read in pages of at most so many elements. */
const LARGEST_PAGE = 10_000;
/** A value is shown in one line of at most so many characters. */
const LONGEST_TEXT = 1000;
/** Of the levels that values are printed to, so many are left out: what is deeper is shown when it is opened. */
const SHOWN_FROM_DEPTH = 7;

/** A name with its value, or why it has none. */
interface Named {
  readonly name: string;
  /** Reads the value; throws an `InputError` when it cannot be had. */
  readonly value: () => Value;
  /** An expression for it in the frame; undefined where C has none. */
  readonly expression: string | undefined;
}

/** What a reference stands for. */
interface Container {
  readonly context: FrameContext;
  list(start: number, count: number): Named[];
}

export class Variables {
  private readonly containers = new Map<number, Container>();
  private next = FIRST_REFERENCE;

  /** Forgets all references: the guest has moved. */
  clear(): void {
    this.containers.clear();
  }

  /** Whether a reference is one of these, and not of a register. */
  has(reference: number): boolean {
    return reference >= FIRST_REFERENCE;
  }

  /** The scopes of a frame; none in code without debug information. */
  scopes(context: FrameContext | undefined): DebugProtocol.Scope[] {
    if (context?.pc === undefined) return [];
    const { info, pc } = context;
    const scopes: DebugProtocol.Scope[] = [];
    const frame = info.variablesAt(pc)[context.frameIndex];
    const all = (frame?.scopes ?? []).map(({ variables }) => variables);
    const own = all.flat().filter(({ isArgument }) => isArgument);
    const add = (name: string, hint: string, variables: readonly DebugVariable[]): void => {
      const reference = this.reference({ context, list: () => this.shown(variables, context) });
      const named = { namedVariables: variables.length, expensive: false };
      scopes.push({ name, presentationHint: hint, variablesReference: reference, ...named });
    };
    if (own.length > 0) add('Arguments', 'arguments', own);
    const locals = all.flat().filter(({ isArgument }) => !isArgument);
    if (locals.length > 0) add('Locals', 'locals', locals);
    const globals = this.reference({ context, list: () => this.shown(info.globalsAt(pc), context) });
    scopes.push({ name: 'Globals of this file', variablesReference: globals, expensive: true });
    return scopes;
  }

  /** `variables`. */
  variables(args: RequestArguments): DebugProtocol.Variable[] {
    const container = this.container(args.integer('variablesReference', { min: 0 }));
    const start = args.integer('start', { min: 0, default: 0 });
    const count = args.integer('count', { min: 0, default: 0 }) || LARGEST_PAGE;
    const radix = radixOf(args);
    return container
      .list(start, Math.min(count, LARGEST_PAGE))
      .map((named) => this.toProtocol(named, container.context, radix));
  }

  /** `setVariable`. Returns the variable as it is afterwards. */
  set(args: RequestArguments): DebugProtocol.Variable {
    const container = this.container(args.integer('variablesReference', { min: 0 }));
    const { context } = container;
    const name = args.string('name');
    const named = container.list(0, Infinity).find((candidate) => candidate.name === name);
    if (!named) throw unknownVariable(name);
    const text = args.string('value');
    return explained(text, () => {
      assign(named.value(), this.evaluate(text, context), context.target);
      return this.toProtocol(named, context, radixOf(args));
    });
  }

  /** Evaluates a C expression in a frame. Throws an `InputError`. */
  evaluate(text: string, context: FrameContext): Value {
    return compile(text, context)(context);
  }

  /** A value as the answer to `evaluate` and `setExpression`. */
  result(text: string, value: Value, context: FrameContext, radix: Radix): DebugProtocol.Variable {
    return this.toProtocol({ name: text, value: () => value, expression: text }, context, radix);
  }

  /** Where a variable of a container is, for a data breakpoint: its address and size. Throws an `InputError`. */
  placeOf(reference: number, name: string): { expression: string; address: number; size: number } {
    const named = this.container(reference)
      .list(0, Infinity)
      .find((candidate) => candidate.name === name);
    if (!named) throw unknownVariable(name);
    const value = named.value();
    const { size = 0 } = resolved(value.type);
    return { expression: named.expression ?? name, address: addressOf(value), size };
  }

  private container(reference: number): Container {
    const container = this.containers.get(reference);
    if (!container) throw unknownReference(reference);
    return container;
  }

  private reference(container: Container): number {
    const reference = this.next++;
    this.containers.set(reference, container);
    return reference;
  }

  private shown(variables: readonly DebugVariable[], context: FrameContext): Named[] {
    const { info, frame, target } = context;
    const names = new Set<string>();
    return variables.map((variable) => {
      const isHidden = names.has(variable.name);
      names.add(variable.name);
      return {
        name: variable.name,
        value: () => valueAt(info.complete(variable.type), info.locate(variable, frame), target),
        // An inner block has a variable of the same name.
        expression: isHidden ? undefined : variable.name,
      };
    });
  }

  private toProtocol(named: Named, context: FrameContext, radix: Radix): DebugProtocol.Variable {
    const { name, expression } = named;
    let value: Value;
    try {
      value = named.value();
    } catch (error) {
      const hint = { attributes: ['readOnly'] };
      return { name, value: `<${problemOf(error)}>`, variablesReference: 0, presentationHint: hint };
    }
    const { info, target } = context;
    const type = info.complete(resolved(value.type));
    const text = formatValue(value, { info, target, radix }, SHOWN_FROM_DEPTH);
    const variable: DebugProtocol.Variable = {
      name,
      value: text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text,
      type: typeName(value.type),
      variablesReference: 0,
    };
    if (expression !== undefined) variable.evaluateName = expression;
    const memory = memoryOf(value, context);
    if (memory !== undefined) variable.memoryReference = formatAddress(memory);
    const inner = pointee(value, context) ?? value;
    const count = childCount(inner, info);
    if (count === 0 || (inner === value && type.kind === 'pointer' && memory === 0)) return variable;
    variable.variablesReference = this.reference({
      context,
      list: (start, most) => this.children(inner, expression, context, { start, most, arrow: inner !== value }),
    });
    if (type.kind === 'array') variable.indexedVariables = count;
    else variable.namedVariables = count;
    return variable;
  }

  /** Members, elements, or what a pointer points to. Members of anonymous parts are shown as those of the whole. */
  private children(
    value: Value,
    expression: string | undefined,
    context: FrameContext,
    page: { start: number; most: number; arrow: boolean },
  ): Named[] {
    const format = { info: context.info, target: context.target };
    const isPointer = resolved(value.type).kind === 'pointer';
    return childrenOf(value, format, page.start, page.most).flatMap((child) => {
      if (child.name === '')
        return this.children(child.value, expression, context, { ...page, start: 0, most: Infinity });
      const inner = expression === undefined ? undefined : operand(expression);
      const suffix = child.name.startsWith('[') ? child.name : `${page.arrow ? '->' : '.'}${child.name}`;
      const own = inner === undefined ? undefined : isPointer ? `*${inner}` : `${inner}${suffix}`;
      return [{ name: child.name, value: () => child.value, expression: own }];
    });
  }
}

/** What a pointer to a structure points to: its members are shown at once. Undefined for all else. */
function pointee(value: Value, { info, target }: FrameContext): Value | undefined {
  const type = resolved(value.type);
  if (type.kind !== 'pointer') return undefined;
  const inner = info.complete(resolved(type.target));
  if (inner.kind !== 'struct') return undefined;
  const address = Number(toInteger(value, target));
  return address === 0 ? undefined : { type: inner, place: { kind: 'memory', address } };
}

/** The address to show memory at: what a pointer points to, else the value's own; undefined for one in registers. */
function memoryOf(value: Value, { target }: FrameContext): number | undefined {
  try {
    if (resolved(value.type).kind === 'pointer') return Number(toInteger(value, target));
    return addressOf(value);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** An expression as an operand: in parentheses unless it is a name, a member or an element. */
const operand = (expression: string): string =>
  /^[\w$.[\]]+$|^[\w$]+(->\w+|\.\w+|\[\d+\])*$/.test(expression) ? expression : `(${expression})`;

/** Compiles an expression for a frame. Throws an `InputError`. */
export function compile(text: string, { info, pc, frameIndex }: FrameContext): Compiled {
  return compileExpression(text, info, { pc, frameIndex });
}

/** Runs something with an expression; what is wrong with it becomes an error for the user. */
export function explained<T>(expression: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof InputError) throw expressionError(expression, problemOf(error));
    throw error;
  }
}

/** How integers are to be shown. */
export function radixOf(args: RequestArguments): Radix {
  const format = args.raw['format'];
  return isRecord(format) && format['hex'] === true ? 'hexadecimal' : 'decimal';
}
