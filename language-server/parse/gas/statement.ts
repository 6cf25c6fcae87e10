/** From a line to statements: labels, then a directive, an assignment or an instruction with its operands. */

/** Offsets are into the text that was split. */
export interface Statement {
  readonly labels: readonly string[];
  readonly kind: 'empty' | 'directive' | 'assignment' | 'instruction';
  /** Directive with its dot, mnemonic or macro, or assigned symbol; in lower case but for a symbol. */
  readonly name: string;
  /** Offset of the name; end of the labels for an empty statement. */
  readonly nameStart: number;
  readonly operands: string;
  readonly operandStart: number;
  /** Offset behind the last character that is not blank. */
  readonly end: number;
  /** Where the statement begins, before its labels and blanks; the separator is not part of it. */
  readonly start: number;
}

const LABEL = /\s*((?:[A-Za-z_.$\\][\w.$\\@]*(?:\\\(\))?[\w.$\\@]*|\d+|"[^"]*")\s*):(?!:)/y;
const ASSIGNED = /\s*==?(?!=)\s*/y;

const DOT = 46;
const EQUALS = 61;
const NO_LABELS: string[] = [];
/** Characters that end a name, besides blanks. */
const ENDS_NAME: ReadonlySet<number> = new Set(Array.from('{["#,;=', (char) => char.charCodeAt(0)));

/** Behind the name that begins at `at`: of an instruction, a macro, a directive or a symbol. */
function endOfName(text: string, at: number, end: number): number {
  for (let i = at; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code <= 32 || (code < 128 ? ENDS_NAME.has(code) : code === 160 || code === 0xfeff)) return i;
  }
  return end;
}

/** Behind the string or character constant that begins at `at`. */
function skipQuoted(text: string, at: number): number {
  if (text[at] === "'") {
    const width = text[at + 1] === '\\' ? 3 : 2;
    return text[at + width] === "'" ? at + width + 1 : Math.min(text.length, at + width);
  }
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  return text.length;
}

function separatorFrom(text: string, at: number): number {
  const plain = text.indexOf(';', at);
  if (plain < 0) return text.length;
  const quote = text.slice(at, plain).search(/["']/);
  if (quote < 0) return plain;
  for (let i = at + quote; i < text.length;) {
    const char = text[i];
    if (char === ';') return i;
    i = char === '"' || (char === "'" && i + 1 < text.length) ? skipQuoted(text, i) : i + 1;
  }
  return text.length;
}

function parseStatement(text: string, start: number, limit: number): Statement {
  let end = limit;
  while (end > start && text.charCodeAt(end - 1) <= 32) end--;
  let at = start;
  let labels: string[] = NO_LABELS;
  // Most statements have no label, and no assignment: a look for their marks is cheaper than the patterns.
  for (let colon = text.indexOf(':', at); colon >= 0 && colon < end; colon = text.indexOf(':', at)) {
    LABEL.lastIndex = at;
    const match = LABEL.exec(text);
    if (!match || LABEL.lastIndex > end) break;
    if (labels === NO_LABELS) labels = [];
    labels.push(match[1].trimEnd());
    at = LABEL.lastIndex;
  }
  while (at < end && text.charCodeAt(at) <= 32) at++;
  const nameStart = at;
  if (at >= end) return { labels, start, end, nameStart, kind: 'empty', name: '', operands: '', operandStart: end };
  const nameEnd = endOfName(text, at, end);
  if (nameEnd === at) {
    return {
      labels,
      start,
      end,
      nameStart,
      kind: 'instruction',
      name: '',
      operands: text.slice(at, end),
      operandStart: at,
    };
  }
  const name = text.slice(at, nameEnd);
  at = nameEnd;
  while (at < end && text.charCodeAt(at) <= 32) at++;
  if (text.charCodeAt(at) === EQUALS) {
    ASSIGNED.lastIndex = at;
    if (ASSIGNED.test(text) && ASSIGNED.lastIndex <= end) {
      const operandStart = ASSIGNED.lastIndex;
      return {
        labels,
        start,
        end,
        nameStart,
        kind: 'assignment',
        name,
        operands: text.slice(operandStart, end),
        operandStart,
      };
    }
  }
  const kind = name.charCodeAt(0) === DOT ? 'directive' : 'instruction';
  return {
    labels,
    start,
    end,
    nameStart,
    kind,
    name: name.toLowerCase(),
    operands: text.slice(at, end),
    operandStart: at,
  };
}

const NONE: readonly Statement[] = [];

/** The statements of a line, whose comments are blank already. */
export function splitStatements(text: string): readonly Statement[] {
  if (text.trim() === '') return NONE;
  const statements: Statement[] = [];
  for (let at = 0; at < text.length;) {
    const end = separatorFrom(text, at);
    const statement = parseStatement(text, at, end);
    if (statement.kind !== 'empty' || statement.labels.length > 0) statements.push(statement);
    at = end + 1;
  }
  return statements;
}
