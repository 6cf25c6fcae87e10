/** Macros of the assembler: definitions, arguments and substitution (GNU as, ".macro"). */
import type { Source } from '../source.ts';
import type { Statement } from './statement.ts';
import { type Traced, TracedBuilder } from '../traced.ts';

export interface Parameter {
  readonly name: string;
  readonly default: string;
  readonly required: boolean;
  readonly vararg: boolean;
}

/** One statement of a body, as written. */
export interface BodyLine {
  readonly text: Traced;
  readonly source: Source;
  /** 0-based line in the file. */
  readonly line: number;
  /** What it expands to without parameters, and with those that have been met, by their values. */
  plain?: ExpandedLine;
  expanded?: Map<string, ExpandedLine>;
}

/** A body line as the assembler sees it in one expansion. */
export interface ExpandedLine {
  readonly text: Traced;
  readonly statements: readonly Statement[];
}

export interface AsmMacro {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly BodyLine[];
  /** Where .macro stands. */
  readonly source: Source;
  readonly line: number;
}

/** Reads the header behind `.macro`: a name, then parameters after blanks or commas. */
export function parseMacroHeader(text: string): { name: string; parameters: Parameter[] } | undefined {
  const head = /^\s*([^\s,(]+)[\s,(]*/.exec(text);
  if (!head) return undefined;
  const parameters: Parameter[] = [];
  const rest = text.slice(head[0].length);
  const parameter = /[\s,]*([A-Za-z_.$][\w.$]*)(?:\s*:\s*(req|vararg))?(\s*=\s*)?/y;
  for (;;) {
    const match = parameter.exec(rest);
    if (!match) break;
    let value = '';
    if (match[3] !== undefined) {
      const argument = readArgument(rest, parameter.lastIndex, false);
      value = argument.value;
      parameter.lastIndex = argument.end;
    }
    parameters.push({
      name: match[1],
      required: match[2] === 'req',
      vararg: match[2] === 'vararg',
      default: value,
    });
  }
  return { name: head[1].toLowerCase(), parameters };
}

function unquote(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"')
    ? text.slice(1, -1).replace(/\\(["\\])/g, '$1')
    : text;
}

const isBlank = (char: string | undefined): boolean => char === ' ' || char === '\t';

/** Reads one argument at `at`: it ends at a comma, or at a blank that no operator surrounds. */
function readArgument(text: string, at: number, altmacro: boolean): { value: string; end: number } {
  if (text[at] === '"') {
    let end = at + 1;
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
    if (end >= text.length - 1 || isBlank(text[end + 1]) || text[end + 1] === ',') {
      return { value: unquote(text.slice(at, end + 1)), end: Math.min(text.length, end + 1) };
    }
  }
  if (altmacro && text[at] === '<') {
    const close = text.indexOf('>', at);
    if (close > 0) return { value: text.slice(at + 1, close).replace(/!(.)/g, '$1'), end: close + 1 };
  }
  let end = at;
  for (; end < text.length; end++) {
    const char = text[end];
    if (char === ',') break;
    if (isBlank(char)) {
      // A blank ends an argument unless an operator is on one of its sides: the assembler has removed those.
      let next = end;
      while (isBlank(text[next])) next++;
      const joins = /[-+*/%&|^<>=!~([]/.test(text[end - 1] ?? '') || /[-+*/%&|^<>=!)\]]/.test(text[next] ?? ',');
      if (!joins) break;
      end = next - 1;
    } else if (char === '"') {
      while (++end < text.length && text[end] !== '"') if (text[end] === '\\') end++;
    }
  }
  return { value: text.slice(at, end).trim(), end };
}

/** Values of the parameters for one invocation; those not given have their defaults. */
export function bindArguments(parameters: readonly Parameter[], text: string, altmacro = false): Map<string, string> {
  const values = new Map(parameters.map((parameter) => [parameter.name, parameter.default]));
  let at = 0;
  let position = 0;
  const skip = (): void => {
    while (isBlank(text[at])) at++;
  };
  skip();
  while (at < text.length) {
    const keyword = /^([A-Za-z_.$][\w.$]*)\s*=(?!=)\s*/.exec(text.slice(at, at + 256));
    const named = keyword && parameters.find(({ name }) => name === keyword[1]);
    const parameter = named || parameters[position];
    if (named) at += keyword[0].length;
    if (parameter?.vararg) {
      values.set(parameter.name, text.slice(at).trim());
      return values;
    }
    const { value, end } = readArgument(text, at, altmacro);
    if (parameter && (value !== '' || named)) values.set(parameter.name, value);
    if (!named) position++;
    const before = at;
    at = end;
    skip();
    if (text[at] === ',') {
      at++;
      skip();
    } else if (at === before) at++;
  }
  return values;
}

/** Arguments of .irp: the values that the parameter takes, at least one (which may be empty). */
export function listArguments(text: string): string[] {
  const values: string[] = [];
  let at = 0;
  for (;;) {
    while (isBlank(text[at])) at++;
    if (at >= text.length) {
      if (values.length === 0 || text.trimEnd().endsWith(',')) values.push('');
      return values;
    }
    const { value, end } = readArgument(text, at, false);
    values.push(value);
    const before = at;
    at = end;
    while (isBlank(text[at])) at++;
    if (text[at] === ',') {
      at++;
      if (text.slice(at).trim() === '') {
        values.push('');
        return values;
      }
    } else if (at === before) at++;
  }
}

const REFERENCE = /\\(?:\(\)|@|\\|([A-Za-z_.$][\w.$]*))/g;
const BARE = /\\(?:\(\)|@|\\|([A-Za-z_$][\w.$]*))|([A-Za-z_$][\w$]*)(&?)/g;

/** A body line with its parameters replaced; `count` is the value of \@. A replaced piece stands for its reference. */
export function substitute(
  line: Traced,
  values: ReadonlyMap<string, string>,
  count: number,
  altmacro: boolean,
): Traced {
  const { text } = line;
  if (!altmacro && !text.includes('\\')) return line;
  const builder = new TracedBuilder();
  let from = 0;
  const replace = (start: number, end: number, value: string): void => {
    builder.append(line, from, start);
    const origin = line.rangeOf(start, end) ?? line.originOf(start);
    if (origin) builder.add(value, origin.source, origin.start, origin.end - origin.start);
    from = end;
  };
  for (const match of text.matchAll(altmacro ? BARE : REFERENCE)) {
    const [whole] = match;
    const name = match[1] ?? match[2];
    const end = match.index + whole.length;
    if (whole === '\\()') replace(match.index, end, '');
    else if (whole === '\\@') replace(match.index, end, String(count));
    else if (name !== undefined) {
      // A name is read as far as it goes: `\a.w` is no reference to a parameter `a`.
      const value = values.get(name);
      if (value !== undefined) replace(match.index, end, value);
    }
  }
  builder.append(line, from, text.length);
  return builder.build();
}
