/** Names of a line of source whose values are worth showing while the guest stands. Knows no editor. */

/** A name where it stands in its line: columns from 0, the end exclusive. */
export interface NameAt {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const C_WORDS = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int long register ' +
    'restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm typeof bool ' +
    'true false NULL'
  ).split(' '),
);
/** The names of core registers as the assembler knows them (ARM Architecture Procedure Call Standard, 6.1.1), and the debugger's. */
const REGISTERS: ReadonlyMap<string, string> = new Map([
  ...Array.from({ length: 13 }, (_, i) => [`r${i}`, `r${i}`] as const),
  ...Array.from({ length: 4 }, (_, i) => [`a${i + 1}`, `r${i}`] as const),
  ...Array.from({ length: 8 }, (_, i) => [`v${i + 1}`, `r${i + 4}`] as const),
  ...(
    [
      'sb:r9',
      'sl:r10',
      'fp:r11',
      'ip:r12',
      'sp:sp',
      'lr:lr',
      'pc:pc',
      'r13:sp',
      'r14:lr',
      'r15:pc',
      'cpsr:cpsr',
    ] as const
  ).map((pair) => pair.split(':') as [string, string]),
  ['spsr', 'spsr'],
]);

/** The debugger's expression for a register of assembly, such as `$r11` for `fp`; undefined for other words. */
export function registerExpression(word: string): string | undefined {
  const name = REGISTERS.get(word.toLowerCase());
  return name === undefined ? undefined : `$${name}`;
}

/** The registers that a line of assembly names, each once; not those in comments and strings. */
export function registersOf(line: string): NameAt[] {
  const code = line.replace(/"[^"]*"?|\/\/.*$|\/\*.*?(?:\*\/|$)|@.*$/g, (text) => ' '.repeat(text.length));
  return once(wordsOf(code, /(?<![\w.$\\])[A-Za-z]\w*(?![\w.$:(])/g).filter(({ name }) => registerExpression(name)));
}

/** The variables that a line of C may name, each once: no keywords, calls, members, and nothing in comments and strings. */
export function variablesOf(line: string): NameAt[] {
  if (/^\s*(?:#|\*(?:\s|\/|$))/.test(line)) return [];
  const code = line.replace(/"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|\/\/.*$|\/\*.*?(?:\*\/|$)/g, (text) =>
    ' '.repeat(text.length),
  );
  const words = wordsOf(code, /(?<![\w$.]|->\s*|\b(?:struct|union|enum|goto)\s+)[A-Za-z_]\w*(?!\w|\s*\()/g);
  return once(words.filter(({ name }) => !C_WORDS.has(name)));
}

/**
 * The line, from 0, at which the function around a line begins: of the nearest line above that begins with a brace or ends a
 * parameter list, in column 0. The line itself when there is none within reach.
 */
export function functionStart(lineAt: (line: number) => string, line: number, reach = 1000): number {
  for (let at = line; at >= Math.max(0, line - reach); at--) {
    const text = lineAt(at);
    if (/^\{/.test(text) || /^[A-Za-z_].*\)\s*\{?\s*$/.test(text)) return at;
    if (at < line && /^\}/.test(text)) return at + 1;
  }
  return line;
}

function wordsOf(code: string, pattern: RegExp): NameAt[] {
  return [...code.matchAll(pattern)].map(({ 0: name, index }) => ({ name, start: index, end: index + name.length }));
}

function once(names: readonly NameAt[]): NameAt[] {
  const seen = new Set<string>();
  return names.filter(({ name }) => !seen.has(name) && seen.add(name));
}
