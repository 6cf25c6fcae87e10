/** Values of expressions as a unit has them, and the words that statements make. */
import { decodeTrap } from '../../isa/lpv.ts';
import { A32_ROWS } from '../../isa/a32.ts';
import { disassemble } from '../../isa/disassemble.ts';
import { depositFields } from '../../isa/row.ts';
import { instructionsNamed } from '../../isa/instruction-names.ts';
import { definitionsOf, indexOf } from '../index/file-index.ts';
import { evaluate, GAS_EXPRESSION } from '../parse/expression.ts';
import type { Statement } from '../parse/gas/statement.ts';
import { Expander, joinTokens } from '../parse/preprocessor/macros.ts';
import { tokenize } from '../parse/preprocessor/tokens.ts';
import type { Source } from '../parse/source.ts';
import { filesOf } from './scope.ts';
import type { Workspace } from './workspace.ts';

const ALWAYS = 14;
/** Longer expressions are not worth a look. */
const MAX_LENGTH = 1000;

/** The value of an expression of a file; undefined when it cannot be known, or changes on the way. */
export function valueOf(workspace: Workspace, source: Source, expression: string): number | undefined {
  if (expression.length > MAX_LENGTH || expression.includes('\\')) return undefined;
  const { unit } = workspace.analysisOf(source);
  let files: readonly Source[] | undefined;
  const names = {
    name: (name: string): number | undefined => {
      const value = unit?.assembler.name(name);
      if (value === undefined) return undefined;
      // A symbol that is set more than once has the value of its end only there.
      files ??= filesOf(workspace, source);
      const times = files.reduce((sum, file) => sum + definitionsOf(indexOf(file), name).length, 0);
      return times === 1 ? value : undefined;
    },
  };
  const expanded = unit
    ? joinTokens(new Expander(unit.defines).expand(tokenize(expression, source, 0))).text
    : expression;
  const value = evaluate(expanded, names, GAS_EXPRESSION);
  return value === 'invalid' ? undefined : value;
}

/** The word of a supervisor call, from the row of the table. */
function svcWord(condition: number, comment: number): number {
  const row = A32_ROWS.find(({ name }) => name === 'SVC')!;
  return depositFields(row.bits, { c: condition, i: comment & 0xffffff });
}

/** The word that `swi n`, `svc n` or `.inst n` makes; undefined for other statements and unknown numbers. */
export function statementWord(
  workspace: Workspace,
  source: Source,
  { kind, name, operands }: Statement,
): number | undefined {
  if (kind === 'directive') {
    return name === '.inst' || name === '.word' || name === '.long'
      ? unsigned(valueOf(workspace, source, operands))
      : undefined;
  }
  if (kind !== 'instruction' || !/^s(?:wi|vc)/.test(name)) return undefined;
  const found = instructionsNamed(name)?.find(({ row }) => row.name === 'SVC');
  const comment = found && unsigned(valueOf(workspace, source, operands.replace(/^#/, '')));
  return comment === undefined ? undefined : svcWord(found!.condition ?? ALWAYS, comment);
}

const unsigned = (value: number | undefined): number | undefined => (value === undefined ? undefined : value >>> 0);

/** The instruction that a trap word stands for, as text; undefined when the word is no trap. */
export function trapText(word: number): string | undefined {
  const original = decodeTrap(word);
  return original === undefined ? undefined : disassemble(original, 0).text;
}
