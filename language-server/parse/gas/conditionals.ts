/** The .if families of the assembler. */
import { evaluate, GAS_EXPRESSION, type ExpressionNames, type Value } from '../expression.ts';

/** What conditions may ask for. */
export interface ConditionNames extends ExpressionNames {
  /** Whether a symbol is defined here; undefined when that cannot be known. */
  isDefined(name: string): boolean | undefined;
}

const truth = (condition: boolean | undefined): Value => (condition === undefined ? undefined : condition ? 1 : 0);

function splitPair(text: string): [string, string] {
  const quoted = /^\s*'((?:[^']|'')*)'\s*,\s*'((?:[^']|'')*)'/.exec(text);
  if (quoted) return [quoted[1], quoted[2]];
  const comma = text.indexOf(',');
  return comma < 0 ? [text.trim(), ''] : [text.slice(0, comma).trim(), text.slice(comma + 1).trim()];
}

/** Blanks do not count where the assembler compares text. */
const squeezed = (text: string): string => text.replace(/\s+/g, '');

function compare(text: string, names: ConditionNames, of: (value: number) => boolean): Value {
  const value = evaluate(text, names, GAS_EXPRESSION);
  return typeof value === 'number' ? truth(of(value)) : undefined;
}

type Condition = (operands: string, names: ConditionNames) => Value;

const defined =
  (wanted: boolean): Condition =>
  (text, names) => {
    const is = names.isDefined(text.trim());
    return truth(is === undefined ? undefined : is === wanted);
  };
const same =
  (wanted: boolean): Condition =>
  (text) => {
    const [left, right] = splitPair(text);
    return truth((squeezed(left) === squeezed(right)) === wanted);
  };

/** The value of each directive that opens a conditional. */
export const CONDITIONS: Readonly<Record<string, Condition>> = {
  '.if': (text, names) => compare(text, names, (value) => value !== 0),
  '.ifne': (text, names) => compare(text, names, (value) => value !== 0),
  '.ifeq': (text, names) => compare(text, names, (value) => value === 0),
  '.ifgt': (text, names) => compare(text, names, (value) => value > 0),
  '.ifge': (text, names) => compare(text, names, (value) => value >= 0),
  '.iflt': (text, names) => compare(text, names, (value) => value < 0),
  '.ifle': (text, names) => compare(text, names, (value) => value <= 0),
  '.ifdef': defined(true),
  '.ifndef': defined(false),
  '.ifnotdef': defined(false),
  '.ifb': (text) => truth(text.trim() === ''),
  '.ifnb': (text) => truth(text.trim() !== ''),
  '.ifc': same(true),
  '.ifnc': same(false),
  '.ifeqs': same(true),
  '.ifnes': same(false),
};

const HANDLED: ReadonlySet<string> = new Set([...Object.keys(CONDITIONS), '.else', '.elseif', '.endif']);

/** One open conditional. */
interface Open {
  /** Whether a branch has been taken. */
  taken: 'yes' | 'maybe' | 'no';
  /** Whether statements of the current branch count. */
  active: boolean;
  uncertain: boolean;
  readonly outer: boolean;
}

/** The stack of open conditionals of a unit. */
export class Conditionals {
  private readonly stack: Open[] = [];
  private uncertainCount = 0;

  get depth(): number {
    return this.stack.length;
  }

  get active(): boolean {
    return this.stack.at(-1)?.active ?? true;
  }

  get uncertain(): boolean {
    return this.uncertainCount > 0;
  }

  /** Whether a directive belongs to conditionals: these are read in disabled branches too. */
  static handles(name: string): boolean {
    return HANDLED.has(name);
  }

  /** Takes such a directive; returns what is wrong with it, if anything. */
  take(name: string, operands: string, names: ConditionNames): string | undefined {
    if (Object.hasOwn(CONDITIONS, name)) {
      const outer = this.active;
      this.stack.push({ taken: 'no', active: outer, uncertain: false, outer });
      if (outer) this.enter(this.stack.at(-1)!, CONDITIONS[name](operands, names));
      return undefined;
    }
    const top = this.stack.at(-1);
    if (!top) return `${name} without .if`;
    this.setUncertain(top, false);
    if (name === '.endif') this.stack.pop();
    else if (!top.outer || top.taken === 'yes') top.active = false;
    else this.enter(top, name === '.else' ? 1 : CONDITIONS['.if'](operands, names));
    return undefined;
  }

  /** Closes what a macro has left open, as its end does. */
  truncate(depth: number): void {
    while (this.stack.length > depth) this.setUncertain(this.stack.pop()!, false);
  }

  private enter(entry: Open, value: Value): void {
    entry.active = value !== 0;
    if (value === 0) return;
    this.setUncertain(entry, value === undefined || entry.taken === 'maybe');
    entry.taken = value === undefined ? 'maybe' : 'yes';
  }

  private setUncertain(entry: Open, uncertain: boolean): void {
    if (entry.uncertain !== uncertain) this.uncertainCount += uncertain ? 1 : -1;
    entry.uncertain = uncertain;
  }
}
