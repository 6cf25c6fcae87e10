/**
 * The C preprocessor over logical lines: conditional trees, includes, definitions. Text lines go to a sink, expanded
 * only where a macro occurs. Nothing is fatal: a missing header is as if it were empty.
 */
import { C_EXPRESSION, evaluate, type Value } from '../expression.ts';
import type { LogicalLine } from '../lines.ts';
import type { Source } from '../source.ts';
import { Traced } from '../traced.ts';
import { Expander, joinTokens, Macro, parseDefine } from './macros.ts';
import { tokenize } from './tokens.ts';

/** Finds files for #include. Both answers are for absolute or workspace paths, as the host spells them. */
export interface SourceProvider {
  get(path: string): Source | undefined;
}

/** How a file is compiled. */
export interface CompileSettings {
  /** Folders for #include, in order. */
  readonly includePaths: readonly string[];
  /** Files read before the source. */
  readonly forcedIncludes: readonly string[];
  /** Macros from the command line, with their values. */
  readonly defines: ReadonlyMap<string, string>;
  /** Whether an undefined name with this beginning may be defined by a configuration that is not at hand. */
  readonly unknownPrefix?: string | undefined;
  /** Files that #include names are not read. */
  readonly ownTextOnly?: boolean | undefined;
  /** Undefined names with this beginning are known to be undefined. */
  readonly knownPrefix?: string | undefined;
  /** Names of that kind that are taken for undefined all the same. */
  readonly undefinedNames?: ReadonlySet<string> | undefined;
}

export interface Problem {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
  readonly message: string;
}

/** Receives what is left of a unit. */
export interface LineSink {
  line(text: Traced, line: LogicalLine, source: Source, verbatim: boolean): void;
}

/** A range of lines (0-based, end excluded) that a condition disables. */
export type LineRange = readonly [start: number, end: number];

const MAX_INCLUDE_DEPTH = 200;
/** Lines one unit may have, all includes together. */
const MAX_LINES = 4_000_000;
/** Names that the evaluation of one condition may look up. */
const MAX_LOOKUPS = 2000;
/** How many look-ups an expansion counts for. */
const EXPANSION_COST = 100;
const MAX_JOINED_LINES = 100;

interface Directive {
  readonly name: string;
  /** Text behind the name, and its offset in the line. */
  readonly rest: string;
  readonly restAt: number;
}

/** What is derived from one line alone; kept with the line. */
export interface LineCache {
  names?: readonly string[];
  directive?: Directive;
  macro?: Macro | null;
  /** The line with its origin, for the file that it was made for. */
  traced?: { readonly source: Source; readonly start: number; readonly text: Traced };
  /** Statements of the line, when no macro occurs in it. */
  statements?: unknown;
  /** Whether the line as written may hold what rules look for. */
  ofInterest?: boolean;
}

/** The cache of a line, made when it is first asked for. */
export function cacheOf(line: LogicalLine): LineCache {
  line.cache ??= {};
  return line.cache as LineCache;
}

const NAME = /[A-Za-z_$][\w$]*/g;

function namesOf(line: LogicalLine): readonly string[] {
  const cache = cacheOf(line);
  cache.names ??= [...new Set(line.text.match(NAME) ?? [])];
  return cache.names;
}

/** The line as it stands in a file, made once: headers are read by many units. */
function tracedLine(line: LogicalLine, source: Source): Traced {
  const cache = cacheOf(line);
  if (cache.traced?.source !== source || cache.traced.start !== line.start) {
    cache.traced = { source, start: line.start, text: Traced.of(source, line.text, line.start) };
  }
  return cache.traced.text;
}

/** The directive of a line that begins with #. */
export function directiveOf(line: LogicalLine): Directive {
  const cache = cacheOf(line);
  if (!cache.directive) {
    const match = /^\s*#\s*([A-Za-z_]*)/.exec(line.text)!;
    cache.directive = { name: match[1], rest: line.text.slice(match[0].length), restAt: match[0].length };
  }
  return cache.directive;
}

/** The macro that a #define line defines; undefined when it is malformed. */
export function macroOf(line: LogicalLine, source: Source): Macro | undefined {
  const cache = cacheOf(line);
  // After an edit the same line may stand elsewhere, or in a new version of the file.
  const start = line.start + directiveOf(line).restAt;
  if (cache.macro === undefined || (cache.macro && cache.macro.source !== source)) {
    cache.macro = parseDefine(directiveOf(line).rest, source, start) ?? null;
  }
  return cache.macro ?? undefined;
}

const OPENS = /^if(def|ndef)?$/;

/** For each #if, #elif and #else the index of the line that ends its branch; the length of the file when none does. */
function branchEnds(source: Source): Int32Array {
  return source.once(branchEnds, () => {
    const { lines } = source;
    const ends = new Int32Array(lines.length).fill(lines.length);
    const open: number[] = [];
    lines.forEach((line, i) => {
      if (!line.directive) return;
      const { name } = directiveOf(line);
      if (OPENS.test(name)) open.push(i);
      else if (name === 'endif') {
        const start = open.pop();
        if (start !== undefined) ends[start] = i;
      } else if (name === 'else' || name === 'elif') {
        const start = open.pop();
        if (start !== undefined) ends[start] = i;
        open.push(i);
      }
    });
    return ends;
  });
}

/** A branch taken for sure, one that may be, or none so far. */
type Taken = 'yes' | 'maybe' | 'no';

export class Preprocessor {
  readonly macros = new Map<string, Macro>();
  readonly problems: Problem[] = [];
  /** Lines of each file that conditions disable. */
  readonly inactive = new Map<Source, LineRange[]>();
  private readonly provider: SourceProvider;
  private readonly settings: CompileSettings;
  private readonly sink: LineSink;
  private depth = 0;
  private remaining = MAX_LINES;
  /** Conditions around the current line whose value is not known. */
  private uncertain = 0;

  constructor(provider: SourceProvider, settings: CompileSettings, sink: LineSink) {
    this.provider = provider;
    this.settings = settings;
    this.sink = sink;
  }

  /** Whether the current line is under a condition whose value is not known. */
  get isUncertain(): boolean {
    return this.uncertain > 0;
  }

  /** Reads a file with its forced includes. `commandLine` holds the definitions of the settings. */
  run(source: Source, commandLine: ReadonlyMap<string, Macro>): void {
    for (const [name, macro] of commandLine) this.macros.set(name, macro);
    for (const path of this.settings.forcedIncludes) {
      const forced = this.provider.get(path);
      if (forced) this.file(forced);
    }
    this.file(source);
  }

  private file(source: Source): void {
    if (this.depth >= MAX_INCLUDE_DEPTH) return;
    this.depth++;
    if (source.preprocessed) this.lines(source);
    else for (const line of source.lines) this.sink.line(tracedLine(line, source), line, source, true);
    this.depth--;
  }

  private lines(source: Source): void {
    const { lines } = source;
    const stack: { taken: Taken; uncertain: boolean; line: LogicalLine }[] = [];
    for (let i = 0; i < lines.length; i++) {
      if (--this.remaining < 0) return;
      const line = lines[i];
      if (!line.directive) {
        i = this.text(source, i);
        continue;
      }
      const { name } = directiveOf(line);
      if (OPENS.test(name)) {
        const value = this.condition(line);
        stack.push({ taken: 'no', uncertain: false, line });
        i = this.branch(source, i, stack.at(-1)!, value);
      } else if (name === 'elif' || name === 'else') {
        const top = stack.at(-1);
        if (!top) {
          this.problem(source, line, `#${name} without #if`);
          continue;
        }
        if (top.uncertain) this.uncertain--;
        top.uncertain = false;
        const value = top.taken === 'yes' ? 0 : name === 'else' ? 1 : this.condition(line);
        i = this.branch(source, i, top, value);
      } else if (name === 'endif') {
        const top = stack.pop();
        if (!top) this.problem(source, line, '#endif without #if');
        else if (top.uncertain) this.uncertain--;
      } else this.directive(source, line, name);
    }
    for (const { line, uncertain } of stack) {
      if (uncertain) this.uncertain--;
      this.problem(source, line, 'this conditional has no #endif');
    }
  }

  /** Enters or skips the branch that begins at line `i`; returns the index of the last line dealt with. */
  private branch(source: Source, i: number, entry: { taken: Taken; uncertain: boolean }, value: Value): number {
    if (value === 0) {
      const end = branchEnds(source)[i];
      if (end > i + 1) {
        const ranges = this.inactive.get(source);
        if (ranges) ranges.push([i + 1, end]);
        else this.inactive.set(source, [[i + 1, end]]);
      }
      return end - 1;
    }
    if (value === undefined || entry.taken === 'maybe') {
      entry.taken = value === undefined ? 'maybe' : 'yes';
      entry.uncertain = true;
      this.uncertain++;
    } else entry.taken = 'yes';
    return i;
  }

  private directive(source: Source, line: LogicalLine, name: string): void {
    const { rest } = directiveOf(line);
    switch (name) {
      case 'define': {
        const macro = macroOf(line, source);
        if (!macro) this.problem(source, line, 'a #define needs a name');
        else if (!this.keepsOther(macro)) this.macros.set(macro.name, macro);
        return;
      }
      case 'undef':
        if (this.uncertain === 0) this.macros.delete(rest.trim());
        return;
      case 'include':
      case 'include_next':
      case 'import':
        this.include(source, rest, name === 'include_next');
        return;
      default:
      // #error, #warning, #pragma, #line, and lines of the assembler that begin with a # (comments there).
    }
  }

  /** Under a condition that is not known, the first definition that is not empty stays. */
  private keepsOther(macro: Macro): boolean {
    if (this.uncertain === 0) return false;
    const known = this.macros.get(macro.name);
    return known !== undefined && known.body !== '';
  }

  private include(source: Source, rest: string, next: boolean): void {
    if (this.settings.ownTextOnly) return;
    let text = rest.trim();
    if (!/^["<]/.test(text)) text = this.expandText(text, source).trim();
    const match = /^"([^"]*)"|^<([^>]*)>/.exec(text);
    if (!match) return;
    const found = this.find(
      match[1] ?? match[2],
      match[1] === undefined ? undefined : source,
      next ? source : undefined,
    );
    if (found) this.file(found);
  }

  /** The file of an include; `beside` is the file whose folder is searched first. */
  private find(name: string, beside: Source | undefined, after: Source | undefined): Source | undefined {
    if (name === '') return undefined;
    if (name.startsWith('/')) return this.provider.get(name);
    if (beside && !after) {
      const local = this.provider.get(joinPath(folderOf(beside.path), name));
      if (local) return local;
    }
    let skipping = after !== undefined;
    for (const folder of this.settings.includePaths) {
      const path = joinPath(folder, name);
      if (skipping) {
        if (after!.path === path) skipping = false;
        continue;
      }
      const found = this.provider.get(path);
      if (found) return found;
    }
    return undefined;
  }

  private expandText(text: string, source: Source): string {
    return joinTokens(new Expander(this.macros).expand(tokenize(text, source, 0))).text;
  }

  /** Hands a text line to the sink; returns the index of the last line used, as arguments may span lines. */
  private text(source: Source, i: number): number {
    const line = source.lines[i];
    const { macros } = this;
    const names = namesOf(line);
    let known = false;
    for (const name of names) {
      if (macros.has(name)) {
        known = true;
        break;
      }
    }
    if (!known) {
      if (names.length > 0) this.sink.line(tracedLine(line, source), line, source, true);
      return i;
    }
    let last = i;
    let { text } = line;
    for (;;) {
      const expander = new Expander(macros);
      const expanded = expander.expand(tokenize(text, source, line.start));
      const next = source.lines[last + 1];
      if (!expander.unfinished || !next || next.directive || last - i >= MAX_JOINED_LINES) {
        this.sink.line(joinTokens(expanded), line, source, false);
        return last;
      }
      text += ' '.repeat(next.start - line.start - text.length) + next.text;
      last++;
    }
  }

  private isDefined(name: string): Value {
    if (this.macros.has(name)) return 1;
    const { unknownPrefix, knownPrefix, undefinedNames } = this.settings;
    if (undefinedNames?.has(name) || (knownPrefix !== undefined && name.startsWith(knownPrefix))) return 0;
    return unknownPrefix !== undefined && name.startsWith(unknownPrefix) ? undefined : 0;
  }

  private condition(line: LogicalLine): Value {
    const { name, rest } = directiveOf(line);
    if (name === 'ifdef' || name === 'ifndef') {
      const defined = this.isDefined(/[A-Za-z_$][\w$]*/.exec(rest)?.[0] ?? '');
      return defined === undefined ? undefined : name === 'ifdef' ? defined : 1 - defined;
    }
    const value = this.evaluate(rest);
    return value === 'invalid' ? 0 : value;
  }

  private evaluate(text: string): Value | 'invalid' {
    const resolving = new Set<string>();
    let budget = MAX_LOOKUPS;
    const names = {
      name: (name: string): Value => {
        const macro = this.macros.get(name);
        if (!macro) return this.isDefined(name);
        if (macro.parameters || resolving.has(name)) return 0;
        if (--budget < 0) return undefined;
        resolving.add(name);
        const value = evaluate(macro.body, names, C_EXPRESSION);
        resolving.delete(name);
        if (value !== 'invalid') return value;
        budget -= EXPANSION_COST;
        if (budget < 0) return undefined;
        const expanded = evaluate(this.expandText(macro.body, macro.source), names, C_EXPRESSION);
        return expanded === 'invalid' ? 0 : expanded;
      },
      special: (name: string, rest: string): { value: Value; length: number } | undefined =>
        this.special(name, rest, names),
    };
    return evaluate(text, names, C_EXPRESSION);
  }

  private special(
    name: string,
    rest: string,
    names: Parameters<typeof evaluate>[1],
  ): { value: Value; length: number } | undefined {
    if (name === 'defined') {
      const match = /^\s*(?:\(\s*([A-Za-z_$][\w$]*)\s*\)|([A-Za-z_$][\w$]*))/.exec(rest);
      return match ? { value: this.isDefined(match[1] ?? match[2]), length: match[0].length } : undefined;
    }
    const call = /^\s*\(/.exec(rest);
    if (!call) return undefined;
    const close = closingParenthesis(rest, call[0].length);
    if (close < 0) return undefined;
    const length = close + 1;
    // Kconfig's macros (include/linux/kconfig.h) say 0 for a symbol that is not at hand.
    const option = /^IS_(ENABLED|BUILTIN|REACHABLE|MODULE)$/.test(name) && rest.slice(call[0].length, close).trim();
    if (option !== false && this.isDefined(option) === undefined) return { value: undefined, length };
    const macro = this.macros.get(name);
    if (!macro?.parameters) return { value: name.startsWith('__has_') ? 0 : undefined, length };
    const value = evaluate(this.expandText(name + rest.slice(0, length), macro.source), names, C_EXPRESSION);
    return { value: value === 'invalid' ? 0 : value, length };
  }

  private problem(source: Source, line: LogicalLine, message: string): void {
    this.problems.push({ source, start: line.start, end: line.end, message });
  }
}

function closingParenthesis(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && depth-- === 0) return i;
  }
  return -1;
}

/** The folder of a path, with slashes. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : slash === 0 ? '/' : path.slice(0, slash);
}

/** Joins and tidies: `a/b/../c` becomes `a/c`. */
export function joinPath(folder: string, name: string): string {
  const path = folder === '' || folder === '.' ? name : `${folder}/${name}`;
  if (!path.includes('./') && !path.includes('//') && !path.endsWith('/..')) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '.' || (part === '' && parts.length > 0)) continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..' && parts.at(-1) !== '') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

/** Definitions of the settings as macros. */
export function commandLineMacros(source: Source, defines: ReadonlyMap<string, string>): Map<string, Macro> {
  return new Map([...defines].map(([name, value]) => [name, new Macro(name, undefined, false, source, value, 0)]));
}
