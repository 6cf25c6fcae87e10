/**
 * Sites as they are written, whether or not a configuration or an expansion reaches them: the bodies of macros, disabled
 * branches, definitions of the C preprocessor.
 */
import { assembleSensitive, isSensitiveName, type OperandContext } from '../../isa/assemble.ts';
import type { SensitiveClass } from '../../isa/sensitivity.ts';
import { splitStatements, type Statement } from '../parse/gas/statement.ts';
import type { LogicalLine } from '../parse/lines.ts';
import { cacheOf, directiveOf, macroOf } from '../parse/preprocessor/preprocess.ts';
import type { Source } from '../parse/source.ts';
import { writtenNames } from './names.ts';

/** A sensitive statement in a text. */
export interface WrittenSite {
  readonly class: SensitiveClass;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** In the body of a macro of either language. */
  readonly inMacro: boolean;
  /** In a branch that is for Thumb kernels only. */
  readonly thumb: boolean;
}

/** The statements of a line as it is written. */
export function statementsOf(line: LogicalLine): readonly Statement[] {
  const cache = cacheOf(line);
  cache.statements ??= splitStatements(line.text);
  return cache.statements as readonly Statement[];
}

const AMBIGUOUS = '';

const WRAPPED = /^[A-Za-z_]\w*\(/;
/** A condition or a suffix that a parameter or the compiler adds to a name. */
const OPEN_SUFFIX = /(?:\\[\w.$]+(?:\\\(\))?|%\?)$/;

/** Whether a line may hold a site, or begins or ends a macro; kept with the line. */
function isOfInterest(line: LogicalLine): boolean {
  const cache = cacheOf(line);
  cache.ofInterest ??= statementsOf(line).some(({ kind, name }) =>
    kind === 'directive' ? name === '.macro' || name === '.endm' : name.includes('(') || isCandidateName(name),
  );
  return cache.ofInterest;
}

/**
 * Names of the instructions of a line that holds nothing else, and none that rules look for: unless one of them is a
 * macro, the line does nothing. Undefined for other lines.
 */
export function plainNames(line: LogicalLine): readonly string[] | undefined {
  const cache = cacheOf(line);
  if (cache.plain === undefined) {
    const statements = statementsOf(line);
    const isPlain = statements.every(
      ({ kind, labels, operands }) => kind === 'instruction' && labels.length === 0 && !operands.startsWith('.'),
    );
    cache.plain = isPlain && !isOfInterest(line) && statements.map(({ name }) => name);
  }
  return cache.plain || undefined;
}

function isCandidateName(name: string): boolean {
  return isSensitiveName(name.replace(OPEN_SUFFIX, ''));
}

/** Register aliases of a file, wherever they are defined in it; without those that have several meanings in it. */
export function aliasesOf(source: Source): ReadonlyMap<string, string> {
  return source.once(aliasesOf, () => {
    const aliases = new Map<string, string>();
    if (!/\.req\b/i.test(source.text)) return aliases;
    for (const [, name, register] of source.text.matchAll(/([A-Za-z_]\w*)\s+\.req\s+([A-Za-z]\w*)/gi)) {
      const known = aliases.get(name.toLowerCase());
      const same = known === undefined || known === register.toLowerCase();
      aliases.set(name.toLowerCase(), same ? register.toLowerCase() : AMBIGUOUS);
    }
    for (const [name, register] of aliases) if (register === AMBIGUOUS) aliases.delete(name);
    return aliases;
  });
}

/** Class of a statement as it is written. */
export function writtenClass(name: string, operands: string, names: OperandContext): SensitiveClass | undefined {
  const literal = OPEN_SUFFIX.test(name) ? name.replace(OPEN_SUFFIX, '') : name;
  return assembleSensitive(literal, operands, names)?.class;
}

function* sitesOfText(
  text: string,
  statements: readonly Statement[],
  at: number,
  inMacro: boolean,
  names: OperandContext,
): Generator<Omit<WrittenSite, 'thumb'>> {
  for (const { kind, name, nameStart, operands, end } of statements) {
    if (kind !== 'instruction') continue;
    if (name.includes('(')) {
      // ARM( instruction ) and the like: a macro that makes its argument a statement.
      if (!WRAPPED.test(name) || name.startsWith('thumb(')) continue;
      const open = text.indexOf('(', nameStart) + 1;
      const close = text.lastIndexOf(')', end);
      if (close <= open) continue;
      const inner = text.slice(open, close);
      yield* sitesOfText(inner, splitStatements(inner), at + open, inMacro, names);
      continue;
    }
    const found = writtenClass(name, operands, names);
    if (found) yield { class: found, start: at + nameStart, end: at + end, text: text.slice(nameStart, end), inMacro };
  }
}

const ASSEMBLER_ONLY = /^\s*(?:__ASSEMBLY__|__ASSEMBLER__)\s*$|\bdefined\s*\(?\s*(?:__ASSEMBLY__|__ASSEMBLER__)\b/;

/** Options of kernels that are not ARM code. */
const THUMB_ONLY = /\bCONFIG_(?:THUMB2_KERNEL|CPU_V7M)\b/;

/** Open conditionals, as far as they say what code is for. */
class Levels {
  private readonly stack: { assembly: boolean; thumb: boolean; elseThumb: boolean }[] = [];

  private assemblyCount = 0;
  private thumbCount = 0;

  /** Whether the current branch is for assembly only. */
  get assembly(): boolean {
    return this.assemblyCount > 0;
  }

  /** Whether the current branch is for Thumb kernels only. */
  get thumb(): boolean {
    return this.thumbCount > 0;
  }

  private push(assembly: boolean, thumb: boolean, elseThumb: boolean): void {
    this.stack.push({ assembly, thumb, elseThumb });
    this.assemblyCount += Number(assembly);
    this.thumbCount += Number(thumb);
  }

  take(name: string, rest: string): void {
    if (name.startsWith('if')) {
      const negative = name === 'ifndef' || /!\s*(defined|IS_ENABLED)/.test(rest);
      const only = THUMB_ONLY.test(rest) && !rest.includes('||');
      const assembly = !negative && ASSEMBLER_ONLY.test(rest);
      this.push(assembly, only && !negative, only && negative);
      return;
    }
    if (!/^(elif|else|endif)$/.test(name)) return;
    const was = this.stack.pop();
    this.assemblyCount -= Number(was?.assembly ?? false);
    this.thumbCount -= Number(was?.thumb ?? false);
    if (name !== 'endif') this.push(false, was?.elseThumb ?? false, false);
  }
}

/** All sites that are written in a file in assembly, or in the parts of a header that are. */
export function writtenSites(source: Source): readonly WrittenSite[] {
  const isHeader = source.language !== 'assembly';
  const names = writtenNames(aliasesOf(source));
  const sites: WrittenSite[] = [];
  let macroDepth = 0;
  const levels = new Levels();
  const add = (text: string, statements: readonly Statement[], at: number, inMacro: boolean): void => {
    const { thumb } = levels;
    for (const site of sitesOfText(text, statements, at, inMacro, names)) sites.push({ ...site, thumb });
  };
  for (const line of source.lines) {
    if (line.directive) {
      if (!source.preprocessed) continue;
      const { name, rest } = directiveOf(line);
      if (name === 'define') {
        const macro = /[;\s]/.test(rest) ? macroOf(line, source) : undefined;
        if (macro && macro.body.length > 3 && !macro.body.includes('"')) {
          add(macro.body, splitStatements(macro.body), macro.bodyStart, true);
        }
      } else levels.take(name, rest);
      continue;
    }
    if (isHeader && macroDepth === 0 && !levels.assembly && !line.text.includes('.macro')) continue;
    if (!isOfInterest(line)) continue;
    const statements = statementsOf(line);
    for (const { name } of statements) {
      if (name === '.macro') macroDepth++;
      else if (name === '.endm' && macroDepth > 0) macroDepth--;
    }
    if (statements.length === 0 || (isHeader && macroDepth === 0 && !levels.assembly)) continue;
    add(line.text, statements, line.start, macroDepth > 0);
  }
  return sites;
}
