/**
 * The C preprocessor over logical lines: conditional trees, includes, definitions. Text lines go to a sink, expanded
 * only where a macro occurs. Nothing is fatal: a missing header is as if it were empty.
 */
import { C_EXPRESSION, evaluate, type Value } from '../expression.ts';
import type { LogicalLine } from '../lines.ts';
import { Source } from '../source.ts';
import { Traced } from '../traced.ts';
import { MacroScope } from './macro-scope.ts';
import { Expander, joinTokens, Macro, type MacroTable, parseDefine } from './macros.ts';
import { HeaderText, keepReading, readingsOf, sameUnknowns, type IncludeAnswer, type Reading } from './reading.ts';
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
  /** `expanded` is absent for a line in which no macro occurs: `tracedLine` gives its text. */
  line(line: LogicalLine, source: Source, expanded?: Traced): void;
  /** All text lines of a header that has been included. */
  header(text: HeaderText): void;
}

/** A range of lines (0-based, end excluded) that a condition disables. */
export type LineRange = readonly [start: number, end: number];

const MAX_INCLUDE_DEPTH = 200;
/** How often a file may be open at once: some include themselves, but none so often. */
const MAX_SELF_INCLUDES = 8;
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
  /** Names of its instructions, when it has nothing else and none of them is of interest. */
  plain?: readonly string[] | false;
  /** Whether the line neither defines nor exports anything, nor begins or ends a block. */
  idle?: boolean;
  /** Tokens of the line, for editors. */
  tokens?: unknown;
}

/** The cache of a line, made when it is first asked for. */
export function cacheOf(line: LogicalLine): LineCache {
  line.cache ??= {};
  return line.cache as LineCache;
}

const NAME = /[A-Za-z_$][\w$]*/g;
const NO_NAMES: readonly string[] = [];

function namesOf(line: LogicalLine): readonly string[] {
  const cache = cacheOf(line);
  cache.names ??= line.text.match(NAME) ?? NO_NAMES;
  return cache.names;
}

/** The line as it stands in a file, made once: headers are read by many units. */
export function tracedLine(line: LogicalLine, source: Source): Traced {
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

/** A header that is being read, with what is needed to do so only once. */
interface OpenReading {
  readonly text: HeaderText;
  readonly includes: IncludeAnswer[];
  readonly files: Set<Source>;
  readonly firstProblem: number;
  readonly remaining: number;
  height: number;
  /** A file that was open already: how it is read depends on what is around. */
  recursive: boolean;
}

export class Preprocessor {
  readonly problems: Problem[] = [];
  /** Every file that was read, the first one included. */
  readonly files = new Set<Source>();
  /** Lines of the unit's own file that conditions disable. */
  readonly inactive: LineRange[] = [];
  private readonly scope: MacroScope;
  private readonly provider: SourceProvider;
  private readonly settings: CompileSettings;
  private readonly sink: LineSink | undefined;
  private root: Source | undefined;
  private depth = 0;
  /** How often each file is open. */
  private readonly open = new Map<Source, number>();
  private reading: OpenReading | undefined;
  private remaining = MAX_LINES;
  /** Conditions around the current line whose value is not known. */
  private uncertain = 0;

  /** Without a sink text lines are not looked at: macros and conditions are all that is wanted. */
  constructor(provider: SourceProvider, settings: CompileSettings, sink?: LineSink) {
    this.provider = provider;
    this.settings = settings;
    this.sink = sink;
    this.scope = new MacroScope(commandLineMacros(settings.defines));
  }

  /** Macros as they are now. */
  get macros(): MacroTable {
    return this.scope.table;
  }

  /** Whether the current line is under a condition whose value is not known. */
  get isUncertain(): boolean {
    return this.uncertain > 0;
  }

  /** Reads a file with its forced includes, under the definitions of the settings. */
  run(source: Source): void {
    this.root = source;
    for (const path of this.settings.forcedIncludes) {
      const forced = this.provider.get(path);
      if (forced) this.header(forced);
    }
    this.file(source);
  }

  private file(source: Source): void {
    const open = this.open.get(source) ?? 0;
    if (this.depth >= MAX_INCLUDE_DEPTH || open >= MAX_SELF_INCLUDES) return;
    this.depth++;
    this.open.set(source, open + 1);
    this.files.add(source);
    if (source.preprocessed) this.lines(source);
    else for (const line of source.lines) this.put(line, source);
    if (open === 0) this.open.delete(source);
    else this.open.set(source, open);
    this.depth--;
  }

  /** Hands a text line on: to the header that is being read, else to the sink. */
  private put(line: LogicalLine, source: Source, expanded?: Traced): void {
    if (this.reading) this.reading.text.entries.push({ line, source, expanded, uncertain: this.isUncertain });
    else this.sink?.line(line, source, expanded);
  }

  private putHeader(text: HeaderText): void {
    if (text.entries.length === 0) return;
    if (this.reading) this.reading.text.entries.push(text);
    else this.sink?.header(text);
  }

  /** Reads an included file, or takes over what reading it came to before. */
  private header(source: Source): void {
    // What has no sink is read once, and reads more than is worth keeping.
    if (!this.sink) this.file(source);
    else if (this.open.has(source)) {
      if (this.reading) this.reading.recursive = true;
      this.file(source);
    } else {
      const known = readingsOf(source).find((reading) => this.mayTake(reading));
      if (known) this.take(known);
      else this.readHeader(source);
    }
  }

  private mayTake(reading: Reading): boolean {
    if (reading.uncertain !== this.isUncertain || !sameUnknowns(reading.settings, this.settings)) return false;
    if (!this.scope.matches(reading.names, reading.values)) return false;
    if (this.depth + reading.height > MAX_INCLUDE_DEPTH || reading.lines >= this.remaining) return false;
    for (const file of this.open.keys()) if (reading.files.has(file)) return false;
    return reading.includes.every(
      ({ name, from, quoted, next, found }) => this.find(name, from, quoted, next) === found,
    );
  }

  private take({ names, values, writes, files, lines, text, problems, includes, height }: Reading): void {
    this.scope.repeat(names, values, writes);
    for (const file of files) this.files.add(file);
    this.problems.push(...problems);
    this.remaining -= lines;
    const { reading } = this;
    if (reading) {
      for (const answer of includes) reading.includes.push(answer);
      for (const file of files) reading.files.add(file);
      reading.height = Math.max(reading.height, height + 1);
    }
    this.putHeader(text);
  }

  private readHeader(source: Source): void {
    const outer = this.reading;
    const uncertain = this.isUncertain;
    const reading: OpenReading = {
      text: new HeaderText(),
      includes: [],
      files: new Set([source]),
      firstProblem: this.problems.length,
      remaining: this.remaining,
      height: 1,
      recursive: false,
    };
    this.reading = reading;
    this.scope.begin();
    this.file(source);
    const { reads, writes } = this.scope.end();
    this.reading = outer;
    const { text, includes, files, height, recursive } = reading;
    if (outer) {
      for (const answer of includes) outer.includes.push(answer);
      for (const file of files) outer.files.add(file);
      outer.height = Math.max(outer.height, height + 1);
      outer.recursive ||= recursive;
    }
    if (!recursive && this.remaining > 0 && this.depth + height <= MAX_INCLUDE_DEPTH) {
      keepReading(source, {
        settings: this.settings,
        uncertain,
        includes,
        names: [...reads.keys()],
        values: [...reads.values()],
        writes: [...writes],
        files,
        height,
        lines: reading.remaining - this.remaining,
        text,
        problems: this.problems.slice(reading.firstProblem),
      });
    }
    this.putHeader(text);
  }

  private lines(source: Source): void {
    const { lines } = source;
    const stack: { taken: Taken; uncertain: boolean; line: LogicalLine }[] = [];
    for (let i = 0; i < lines.length; i++) {
      if (--this.remaining < 0) return;
      const line = lines[i];
      if (!line.directive) {
        if (this.sink) i = this.text(source, i);
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
      if (end > i + 1 && source === this.root) this.inactive.push([i + 1, end]);
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
        else if (!this.keepsOther(macro)) this.scope.set(macro.name, macro);
        return;
      }
      case 'undef':
        if (this.uncertain === 0) this.scope.set(rest.trim(), undefined);
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
    const known = this.scope.get(macro.name);
    return known !== undefined && known.body !== '';
  }

  private include(source: Source, rest: string, next: boolean): void {
    if (this.settings.ownTextOnly) return;
    let text = rest.trim();
    if (!/^["<]/.test(text)) text = this.expandText(text, source).trim();
    const match = /^"([^"]*)"|^<([^>]*)>/.exec(text);
    if (!match) return;
    const name = match[1] ?? match[2];
    const quoted = match[1] !== undefined;
    const found = this.find(name, source, quoted, next);
    this.reading?.includes.push({ name, from: source, quoted, next, found });
    if (found) this.header(found);
  }

  private find(name: string, from: Source, quoted: boolean, next: boolean): Source | undefined {
    const beside = quoted ? from.path : undefined;
    return findInclude(name, beside, next ? from.path : undefined, this.settings.includePaths, this.provider);
  }

  private expandText(text: string, source: Source): string {
    return joinTokens(new Expander(this.scope).expand(tokenize(text, source, 0))).text;
  }

  /** Hands a text line to the sink; returns the index of the last line used, as arguments may span lines. */
  private text(source: Source, i: number): number {
    const line = source.lines[i];
    const { scope } = this;
    const names = namesOf(line);
    let known = false;
    for (const name of names) {
      if (scope.has(name)) {
        known = true;
        break;
      }
    }
    if (!known) {
      if (names.length > 0) this.put(line, source);
      return i;
    }
    let last = i;
    let { text } = line;
    for (;;) {
      const expander = new Expander(scope);
      const expanded = expander.expand(tokenize(text, source, line.start));
      const next = source.lines[last + 1];
      if (!expander.unfinished || !next || next.directive || last - i >= MAX_JOINED_LINES) {
        this.put(line, source, joinTokens(expanded));
        return last;
      }
      text += ' '.repeat(next.start - line.start - text.length) + next.text;
      last++;
    }
  }

  private isDefined(name: string): Value {
    if (this.scope.has(name)) return 1;
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
        const macro = this.scope.get(name);
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
    const macro = this.scope.get(name);
    if (!macro?.parameters) return { value: name.startsWith('__has_') ? 0 : undefined, length };
    const value = evaluate(this.expandText(name + rest.slice(0, length), macro.source), names, C_EXPRESSION);
    return { value: value === 'invalid' ? 0 : value, length };
  }

  private problem(source: Source, line: LogicalLine, message: string): void {
    this.problems.push({ source, start: line.start, end: line.end, message });
  }
}

/**
 * The file that an include names. `beside` is the path of the file whose folder is searched first, for names in quotes;
 * `after` that of the file behind whose folder the search begins (#include_next).
 */
export function findInclude(
  name: string,
  beside: string | undefined,
  after: string | undefined,
  includePaths: readonly string[],
  provider: SourceProvider,
): Source | undefined {
  if (name === '') return undefined;
  if (name.startsWith('/')) return provider.get(name);
  if (beside !== undefined && after === undefined) {
    const local = provider.get(joinPath(folderOf(beside), name));
    if (local) return local;
  }
  let skipping = after !== undefined;
  for (const folder of includePaths) {
    const path = joinPath(folder, name);
    if (skipping) {
      if (after === path) skipping = false;
      continue;
    }
    const found = provider.get(path);
    if (found) return found;
  }
  return undefined;
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

const UNTIDY = /[./]\/|\/\.\.$/;

/** Joins and tidies: `a/b/../c` becomes `a/c`. */
export function joinPath(folder: string, name: string): string {
  const path = folder === '' || folder === '.' ? name : `${folder}/${name}`;
  if (!UNTIDY.test(path)) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '.' || (part === '' && parts.length > 0)) continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..' && parts.at(-1) !== '') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

/** Path of the definitions of the settings, which are in no file. */
export const COMMAND_LINE = '<command line>';
const commandLine = new Source(COMMAND_LINE, '');
const commandLines = new WeakMap<ReadonlyMap<string, string>, ReadonlyMap<string, Macro>>();

/** Definitions of the settings as macros: the same ones for the same settings. */
function commandLineMacros(defines: ReadonlyMap<string, string>): ReadonlyMap<string, Macro> {
  let macros = commandLines.get(defines);
  if (!macros) {
    macros = new Map([...defines].map(([name, value]) => [name, definition(name, value)]));
    commandLines.set(defines, macros);
  }
  return macros;
}

const definitions = new Map<string, Macro>();
const MAX_DEFINITIONS = 20_000;

/** Files of different folders have maps of their own, in which nearly all definitions are alike. */
function definition(name: string, value: string): Macro {
  const key = `${name}=${value}`;
  let macro = definitions.get(key);
  if (!macro) {
    if (definitions.size >= MAX_DEFINITIONS) definitions.clear();
    definitions.set(key, (macro = new Macro(name, undefined, false, commandLine, value, 0)));
  }
  return macro;
}
