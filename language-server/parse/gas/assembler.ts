/**
 * The assembler as far as it decides which instructions there are: macros, repetitions, conditionals, symbols, register
 * names, state. It produces every instruction of a unit with the place where it was written and the invocations
 * that produced it.
 */
import { evaluate, GAS_EXPRESSION, type Value } from '../expression.ts';
import type { Source } from '../source.ts';
import { Traced } from '../traced.ts';
import { type Alias, HeaderRecording, keepHeader, knownHeader } from './assembled-header.ts';
import { Conditionals, type ConditionNames } from './conditionals.ts';
import {
  bindArguments,
  listArguments,
  parseMacroHeader,
  substitute,
  type AsmMacro,
  type BodyLine,
  type ExpandedLine,
} from './macro.ts';
import { splitStatements, type Statement } from './statement.ts';

/** One level of expansion: a macro invoked, or a repetition begun, at a line. */
export interface Frame {
  readonly kind: 'macro' | 'repetition';
  readonly name: string;
  readonly source: Source;
  /** 0-based. */
  readonly line: number;
}

/** An instruction as the assembler would see it. */
export interface InstructionSite {
  readonly text: Traced;
  readonly statement: Statement;
  /** Outermost first; empty for an instruction that stands in the file itself. */
  readonly frames: readonly Frame[];
  /** Line (0-based) and file of the statement itself. */
  readonly source: Source;
  readonly line: number;
  readonly thumb: boolean;
  /** Under a condition whose value is not known. */
  readonly uncertain: boolean;
  /** Inside code that the kernel lends to user mode. */
  readonly userMode: boolean;
}

export interface AssemblerHost {
  /** Whether instructions of this name, in lower case, are of interest; others are not passed on. */
  wants(name: string): boolean;
  instruction(site: InstructionSite, assembler: Assembler): void;
  problem(text: Traced, start: number, end: number, message: string): void;
  include(name: string, from: Source): Source | undefined;
}

/** Ranges of code for user mode by their labels; without an end label, `.size` of the first ends it. */
export type UserModeRanges = ReadonlyArray<readonly [start: string, end: string | undefined]>;

const MAX_DEPTH = 100;
/** Statements that expansion may produce in one unit. */
const MAX_STATEMENTS = 1_500_000;
/** Files that .include may read in one unit. */
const MAX_INCLUDES = 2000;
/** Characters that expansion may produce in one unit. */
const MAX_CHARACTERS = 64 << 20;

const OPENING: ReadonlyMap<string, 'macro' | 'repetition'> = new Map([
  ['.macro', 'macro'],
  ['.rept', 'repetition'],
  ['.rep', 'repetition'],
  ['.irp', 'repetition'],
  ['.irpc', 'repetition'],
  ['.irep', 'repetition'],
  ['.irepc', 'repetition'],
]);
const CLOSING: ReadonlyMap<string, 'macro' | 'repetition'> = new Map([
  ['.endm', 'macro'],
  ['.endr', 'repetition'],
]);

/** A body being collected. */
interface Collecting {
  readonly kind: 'macro' | 'repetition';
  readonly name: string;
  readonly operands: string;
  readonly text: Traced;
  readonly start: number;
  readonly end: number;
  readonly source: Source;
  readonly line: number;
  readonly body: BodyLine[];
  depth: number;
}

/** Thrown to leave a macro or a repetition early. */
class ExitMacro extends Error {}
const EXIT = new ExitMacro();

const NO_FRAMES: readonly Frame[] = [];

export class Assembler implements ConditionNames {
  readonly macros = new Map<string, AsmMacro>();
  private readonly host: AssemblerHost;
  private readonly userModeRanges: UserModeRanges;
  private readonly symbols = new Map<string, Value>();
  private readonly aliases = new Map<string, Alias>();
  private readonly conditionals = new Conditionals();
  private collecting: Collecting | undefined;
  private frames: readonly Frame[] = NO_FRAMES;
  private expansionCount = 0;
  private statements = MAX_STATEMENTS;
  private characters = MAX_CHARACTERS;
  private thumb = false;
  private altmacro = false;
  private includeDepth = 0;
  private includes = MAX_INCLUDES;
  private ended = false;
  private userMode: string | undefined;
  private recording: HeaderRecording | undefined;
  /** Set by the caller while a condition of the preprocessor is not known. */
  outerUncertain = false;

  constructor(host: AssemblerHost, userModeRanges: UserModeRanges = []) {
    this.host = host;
    this.userModeRanges = userModeRanges;
  }

  /** Takes one line. `statements` may be given when they are known already. */
  line(text: Traced, source: Source, line: number, statements = splitStatements(text.text)): void {
    if (this.ended) return;
    const alone = statements.length === 1;
    for (const statement of statements) this.statement(text, statement, source, line, alone);
  }

  /** Whether instructions of these names have no effect here: none is a macro, and nothing is being collected. */
  skips(names: readonly string[]): boolean {
    if (this.collecting) return false;
    for (const name of names) if (this.macroNamed(name)) return false;
    return true;
  }

  /**
   * Takes the text of a header: `read` hands its lines over, unless it is known what comes of them. `text` identifies it.
   */
  header(text: object, read: () => void): void {
    if (!this.isNeutral) {
      this.spoil();
      read();
      return;
    }
    const found = knownHeader(text, this.macros);
    if (found && found.statements < this.statements && found.characters <= this.characters) {
      this.recording?.add(found);
      for (const [name, macro] of found.writes) this.setMacro(name, macro);
      for (const [name, value] of found.symbols) this.symbols.set(name, value);
      for (const [name, alias] of found.aliases) this.aliases.set(name, alias);
      this.expansionCount += found.expansions;
      this.statements -= found.statements;
      this.characters -= found.characters;
      return;
    }
    const outer = this.recording;
    const recording = new HeaderRecording(outer);
    const { expansionCount, statements, characters } = this;
    this.recording = recording;
    read();
    this.recording = outer;
    if (recording.spoilt || !this.isNeutral) {
      this.spoil();
      return;
    }
    outer?.add(recording);
    const { reads, writes, symbols, aliases } = recording;
    keepHeader(text, {
      reads,
      writes,
      symbols,
      aliases,
      expansions: this.expansionCount - expansionCount,
      statements: statements - this.statements,
      characters: characters - this.characters,
    });
  }

  /** Nothing is open and no mode is set that lines could depend on. */
  private get isNeutral(): boolean {
    return (
      !this.ended && !this.collecting && !this.altmacro && this.frames.length === 0 && this.conditionals.depth === 0
    );
  }

  /** What has just happened is more than a header's text may do to be known. */
  private spoil(): void {
    if (this.recording) this.recording.spoilt = true;
  }

  private macroNamed(name: string): AsmMacro | undefined {
    const macro = this.macros.get(name);
    this.recording?.read(name, macro);
    return macro;
  }

  /** Defines a macro, or with undefined takes it away. */
  private setMacro(name: string, macro: AsmMacro | undefined): void {
    this.recording?.writes.set(name, macro);
    if (macro) this.macros.set(name, macro);
    else this.macros.delete(name);
  }

  /** The unit has ended: what is still open is reported. */
  finish(): void {
    const { collecting } = this;
    if (collecting) {
      const closing = collecting.kind === 'macro' ? '.endm' : '.endr';
      this.host.problem(collecting.text, collecting.start, collecting.end, `this ${collecting.name} has no ${closing}`);
    }
    this.collecting = undefined;
  }

  /** How often each macro has been expanded so far, by name in lower case. */
  readonly invocations = new Map<string, number>();

  /** Number of a register alias (.req), for a name in lower case. */
  register(name: string): string | undefined {
    let target = this.aliases.get(name)?.register;
    for (let i = 0; target !== undefined && i < 8; i++) {
      const next = this.aliases.get(target)?.register;
      if (next === undefined) return target;
      target = next;
    }
    return target;
  }

  /** The alias of a name in lower case. */
  alias(name: string): Alias | undefined {
    return this.aliases.get(name);
  }

  name(text: string): Value {
    this.spoil();
    return this.symbols.get(text);
  }

  isDefined(name: string): boolean | undefined {
    this.spoil();
    if (this.symbols.has(name) || this.aliases.has(name.toLowerCase())) return true;
    return this.outerUncertain || this.conditionals.uncertain ? undefined : false;
  }

  private get uncertain(): boolean {
    return this.outerUncertain || this.conditionals.uncertain;
  }

  private statement(text: Traced, statement: Statement, source: Source, line: number, alone: boolean): void {
    if (this.collecting) {
      this.collect(text, statement, source, line, alone);
      return;
    }
    const { kind, name, operands } = statement;
    if (kind === 'directive' && Conditionals.handles(name)) {
      const wrong = this.conditionals.take(name, operands, this);
      if (wrong !== undefined) this.spoil();
      if (wrong !== undefined && !this.uncertain) this.host.problem(text, statement.nameStart, statement.end, wrong);
      return;
    }
    if (!this.conditionals.active) {
      // Bodies of disabled macros hold conditionals of their own, which must not count here.
      if (OPENING.has(name)) this.begin(text, statement, source, line);
      return;
    }
    if (--this.statements < 0) {
      this.ended = true;
      return;
    }
    for (const label of statement.labels) this.label(label);
    if (kind === 'assignment') this.assign(name, operands);
    else if (kind === 'directive') {
      const macro = this.macroNamed(name);
      if (!macro || !this.invoke(macro, text, statement, source, line)) this.directive(text, statement, source, line);
    } else if (kind === 'instruction') this.instruction(text, statement, source, line);
  }

  private label(label: string): void {
    this.spoil();
    this.symbols.set(label, undefined);
    if (this.userModeRanges.length === 0) return;
    if (this.userModeRanges.some(([start]) => start === label)) this.userMode = label;
    else if (this.userModeRanges.some(([start, end]) => start === this.userMode && end === label))
      this.userMode = undefined;
  }

  private assign(name: string, operands: string): void {
    const value = evaluate(operands, this, GAS_EXPRESSION);
    const known = this.uncertain || value === 'invalid' ? undefined : value;
    this.recording?.symbols.set(name, known);
    this.symbols.set(name, known);
  }

  private instruction(text: Traced, statement: Statement, source: Source, line: number): void {
    const { name, operands } = statement;
    const macro = this.macroNamed(name);
    if (macro && this.invoke(macro, text, statement, source, line)) return;
    if (operands.startsWith('.') && /^\.(req|dn|qn)\s/i.test(operands)) {
      const { nameStart: start, end } = statement;
      const alias = { register: operands.slice(4).trim().toLowerCase(), text, start, end };
      this.recording?.aliases.set(name, alias);
      this.aliases.set(name, alias);
      return;
    }
    if (!this.host.wants(name)) return;
    this.spoil();
    this.host.instruction(
      {
        text,
        statement,
        frames: this.frames,
        source,
        line,
        thumb: this.thumb,
        uncertain: this.uncertain,
        userMode: this.userMode !== undefined,
      },
      this,
    );
  }

  private directive(text: Traced, statement: Statement, source: Source, line: number): void {
    const { name, operands } = statement;
    switch (name) {
      case '.macro':
      case '.rept':
      case '.rep':
      case '.irp':
      case '.irpc':
      case '.irep':
      case '.irepc':
        this.begin(text, statement, source, line);
        return;
      case '.endm':
      case '.endr':
        this.spoil();
        if (!this.uncertain) this.host.problem(text, statement.nameStart, statement.end, `${name} without an opening`);
        return;
      case '.exitm':
        if (this.frames.length > 0 && !this.uncertain) throw EXIT;
        return;
      case '.purgem':
        for (const macro of operands.split(',')) this.setMacro(macro.trim().toLowerCase(), undefined);
        return;
      case '.set':
      case '.equ':
      case '.equiv':
      case '.eqv': {
        const comma = operands.indexOf(',');
        if (comma > 0) this.assign(operands.slice(0, comma).trim(), operands.slice(comma + 1));
        return;
      }
      case '.unreq':
        this.spoil();
        this.aliases.delete(operands.trim().toLowerCase());
        return;
      case '.arm':
        this.spoil();
        this.thumb = false;
        return;
      case '.thumb':
      case '.thumb_func':
      case '.force_thumb':
        this.spoil();
        this.thumb = true;
        return;
      case '.code':
        this.spoil();
        this.thumb = operands.trim() === '16';
        return;
      case '.altmacro':
        this.spoil();
        this.altmacro = true;
        return;
      case '.noaltmacro':
        this.spoil();
        this.altmacro = false;
        return;
      case '.size':
        if (operands.split(',')[0].trim() === this.userMode) this.userMode = undefined;
        return;
      case '.include':
        this.spoil();
        this.include(operands, source);
        return;
      case '.end':
        if (!this.uncertain) this.ended = true;
        return;
      default:
    }
  }

  private include(operands: string, source: Source): void {
    const name = /^"([^"]*)"/.exec(operands.trim())?.[1];
    const found = name === undefined || this.frames.length >= MAX_DEPTH ? undefined : this.host.include(name, source);
    if (!found) return;
    const outer = this.frames;
    // Counted as a level so that a file that includes itself ends; its lines are its own.
    this.includeDepth++;
    if (this.includeDepth <= MAX_DEPTH && --this.includes >= 0) {
      for (const line of found.lines)
        if (!line.directive) this.line(Traced.of(found, line.text, line.start), found, line.line);
    }
    this.includeDepth--;
    this.frames = outer;
  }
  private begin(text: Traced, statement: Statement, source: Source, line: number): void {
    const { name, operands, nameStart: start, end } = statement;
    this.collecting = { kind: OPENING.get(name)!, name, operands, text, start, end, source, line, body: [], depth: 0 };
  }

  private collect(text: Traced, statement: Statement, source: Source, line: number, alone: boolean): void {
    const collecting = this.collecting!;
    const { name } = statement;
    if (statement.kind === 'directive') {
      if (OPENING.get(name) === collecting.kind) collecting.depth++;
      else if (CLOSING.get(name) === collecting.kind && collecting.depth-- === 0) {
        this.collecting = undefined;
        if (this.conditionals.active) this.complete(collecting);
        return;
      }
    }
    const { start, end } = statement;
    collecting.body.push({ text: alone ? text : text.slice(start, end), source, line });
  }

  private complete(collected: Collecting): void {
    if (collected.kind === 'repetition') {
      this.repeat(collected);
      return;
    }
    const header = parseMacroHeader(collected.operands);
    if (!header) {
      this.spoil();
      this.host.problem(collected.text, collected.start, collected.end, '.macro needs a name');
      return;
    }
    // Under a condition that is not known the first definition stays.
    if (this.uncertain && this.macroNamed(header.name)) return;
    const { body, source, line } = collected;
    this.setMacro(header.name, { ...header, body, source, line });
  }

  private repeat(collected: Collecting): void {
    const frame: Frame = { kind: 'repetition', name: collected.name, source: collected.source, line: collected.line };
    const depth = this.conditionals.depth;
    const each = (values: ReadonlyMap<string, string>): boolean => {
      try {
        return this.run(collected.body, values, frame);
      } catch (error) {
        // .exitm leaves the repetition, with the conditionals that were open in it.
        if (!(error instanceof ExitMacro)) throw error;
        this.conditionals.truncate(depth);
        return false;
      }
    };
    if (collected.name === '.rept' || collected.name === '.rep') {
      const count = evaluate(collected.operands, this, GAS_EXPRESSION);
      const times = typeof count === 'number' ? count : 1;
      for (let i = 0; i < times; i++) if (!each(NO_VALUES)) return;
      return;
    }
    const header = /^\s*\\?([A-Za-z_.$][\w.$]*)\s*,?/.exec(collected.operands);
    if (!header) return;
    const rest = collected.operands.slice(header[0].length);
    const values = collected.name.endsWith('c') ? characters(rest) : listArguments(rest);
    for (const value of values) if (!each(new Map([[header[1], value]]))) return;
  }

  private invoke(macro: AsmMacro, text: Traced, statement: Statement, source: Source, line: number): boolean {
    if (this.frames.length >= MAX_DEPTH) {
      this.ended = true;
      return true;
    }
    this.spoil();
    this.invocations.set(macro.name, (this.invocations.get(macro.name) ?? 0) + 1);
    const values = bindArguments(macro.parameters, statement.operands, this.altmacro);
    const frame: Frame = { kind: 'macro', name: macro.name, source, line };
    const depth = this.conditionals.depth;
    try {
      this.run(macro.body, values, frame);
    } catch (error) {
      if (!(error instanceof ExitMacro)) throw error;
    }
    this.conditionals.truncate(depth);
    this.dropUnfinished(text, statement);
    return true;
  }

  /** A macro that ends inside a .rept or .macro of its own. */
  private dropUnfinished(text: Traced, statement: Statement): void {
    if (!this.collecting) return;
    this.host.problem(text, statement.nameStart, statement.end, `this macro ends inside a ${this.collecting.name}`);
    this.collecting = undefined;
  }

  /** Runs a body once; false when the limits of the unit are reached. */
  private run(body: readonly BodyLine[], values: ReadonlyMap<string, string>, frame: Frame): boolean {
    const outer = this.frames;
    if (outer.length >= MAX_DEPTH || --this.statements < 0) this.ended = true;
    if (this.ended) return false;
    this.frames = [...outer, frame];
    const count = this.expansionCount++;
    const key = keyOf(values);
    try {
      for (const line of body) {
        if (this.ended) return false;
        if (--this.statements < 0) this.ended = true;
        // A \@ counts expansions of the unit.
        if (this.recording && line.text.text.includes('\\@')) this.spoil();
        const { text, statements } = expandLine(line, values, key, count, this.altmacro && values.size > 0);
        if (text !== line.text) this.characters -= text.text.length;
        if (this.characters < 0) this.ended = true;
        this.line(text, line.source, line.line, statements);
      }
    } finally {
      this.frames = outer;
    }
    return !this.ended;
  }
}

/** Expansions of one body line that are kept: those of a header are the same in every unit that reads it. */
const MAX_REMEMBERED = 64;
const MAX_KEY = 200;

/** What identifies the values of parameters; undefined when that is too long to be worth keeping. */
function keyOf(values: ReadonlyMap<string, string>): string | undefined {
  let key = '';
  for (const [name, value] of values) key += `${name}=${value}\0`;
  return key.length < MAX_KEY ? key : undefined;
}

/** A body line with its parameters replaced, and its statements. `key` identifies the values; undefined keeps nothing. */
function expandLine(
  body: BodyLine,
  values: ReadonlyMap<string, string>,
  key: string | undefined,
  count: number,
  altmacro: boolean,
): ExpandedLine {
  const { text: line } = body;
  if (!altmacro && !line.text.includes('\\')) {
    body.plain ??= { text: line, statements: splitStatements(line.text) };
    return body.plain;
  }
  const remembers = !altmacro && key !== undefined && !line.text.includes('\\@');
  const found = remembers ? body.expanded?.get(key) : undefined;
  if (found) return found;
  const text = substitute(line, values, count, altmacro);
  const expanded = { text, statements: splitStatements(text.text) };
  if (!remembers) return expanded;
  body.expanded ??= new Map<string, ExpandedLine>();
  if (body.expanded.size < MAX_REMEMBERED) body.expanded.set(key, expanded);
  return expanded;
}

const NO_VALUES: ReadonlyMap<string, string> = new Map();

/** The characters that .irpc goes through. */
function characters(text: string): string[] {
  const plain = text.trim().replace(/^"(.*)"$/, '$1');
  return [...plain].filter((char) => char.trim() !== '');
}
