/** Hover: what an instruction does and is encoded as, what a trap stands for, what a name means. */
import { MarkupKind } from 'vscode-languageserver';
import { assembleSensitive } from '../../isa/assemble.ts';
import { hoverFor } from '../../isa/hover.ts';
import { earliestArch, instructionsNamed, type NamedInstruction } from '../../isa/instruction-names.ts';
import { encodeTrap } from '../../isa/lpv.ts';
import { operandNames } from '../../isa/operand-names.ts';
import { trapsInUserMode } from '../../isa/sensitivity.ts';
import { lineIndexAt, occurrenceAt, indexOf, type Definition, type Occurrence } from '../index/file-index.ts';
import { conditionMeaning, DIRECTIVES, registerMeaning } from '../index/words.ts';
import type { Statement } from '../parse/gas/statement.ts';
import type { Source } from '../parse/source.ts';
import { aliasesOf, statementsOf } from '../rules/written-sites.ts';
import { writtenNames } from '../rules/names.ts';
import { assemblyAt } from '../workspace/asm-text.ts';
import { definitionsAt, resolveInclude } from '../workspace/scope.ts';
import { statementWord, trapText, valueOf } from '../workspace/values.ts';
import { offsetAt, rangeAt, type Workspace } from '../workspace/workspace.ts';
import type { Provider } from './provider.ts';

const ALWAYS = 14;
/** Lines of a definition that are shown. */
const MAX_LINES = 8;
const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
const code = (text: string): string => `\`\`\`arm\n${text}\n\`\`\``;

/** The statement of a line that holds an offset. */
export function statementAt(source: Source, offset: number): Statement | undefined {
  const line = source.lines[lineIndexAt(source, offset)];
  if (!line || line.directive) return undefined;
  const at = offset - line.start;
  return statementsOf(line).find(({ start, end }) => at >= start && at <= end) ?? statementsOf(line).at(-1);
}

function instruction(source: Source, name: string, found: readonly NamedInstruction[], statement: Statement): string[] {
  const names = writtenNames(aliasesOf(source));
  const assembled = assembleSensitive(statement.name, statement.operands, names);
  const named = found.find(({ row }) => row === assembled?.row) ?? found[0];
  const { row, condition, base } = named;
  const word =
    assembled && assembled.symbolic.length === 0 && !trapsInUserMode(assembled.class) ? assembled.word : undefined;
  const hover = hoverFor(row, assembled ? (word ?? row.value) : row.value);
  const forms = [...new Set(found.map(({ operands }) => `${base} ${operandNames(operands).join(', ')}`.trim()))];
  const parts = [`**${hover.title}**`, code(forms.join('\n'))];
  if (hover.operation !== '') parts.push(`\`${hover.operation}\``);
  if (condition !== undefined && condition !== ALWAYS) {
    parts.push(`Condition \`${name.replace(base, '') || name}\`: ${conditionMeaning(condition)}.`);
  }
  parts.push(`Encoding: \`${row.bits}\`, from ARM${earliestArch([named])} on.`);
  if (assembled) {
    const why = hover.sensitive ?? '';
    parts.push(`**Sensitive (${assembled.class}).** ${why}`);
    const trap = word === undefined ? undefined : encodeTrap(word);
    if (word !== undefined)
      parts.push(`Word: \`${hex(word)}\`${trap === undefined ? '' : `; its trap: \`${hex(trap)}\``}.`);
  }
  parts.push(hover.section);
  return parts;
}

function trap(word: number): string[] {
  const text = trapText(word);
  return text === undefined ? [] : [`**LPV trap** \`${hex(word)}\`, in the place of`, code(text)];
}

/** A definition as people want to see it: where it is, and its first lines. */
function describe(workspace: Workspace, { kind, source, start, line, name }: Definition): string[] {
  const place = `${workspace.display(source.path)}:${source.position(start).line}`;
  const logical = source.lines[line];
  const written = source.text.slice(logical.start, logical.end);
  const block =
    kind === 'macro'
      ? indexOf(source).blocks.find((candidate) => candidate.kind === 'macro' && candidate.start === logical.start)
      : undefined;
  const lines = (block ? source.text.slice(block.start, block.end) : written).split('\n');
  const shown = lines.slice(0, MAX_LINES).map((text) => text.slice(0, 200));
  if (lines.length > MAX_LINES) shown.push('...');
  const parts = [`${kind} **${name}**, ${place}`, code(shown.join('\n').trimEnd())];
  const comment = commentAbove(source, logical.start);
  if (comment !== '') parts.push(comment);
  return parts;
}

/** The comment that ends on the line before an offset, without its marks. */
function commentAbove(source: Source, offset: number): string {
  const before = source.text.slice(Math.max(0, offset - 2000), offset).trimEnd();
  const block = before.endsWith('*/') ? before.slice(before.lastIndexOf('/*')) : '';
  const text = block !== '' ? block : (/(?:(?:^|\n)[ \t]*(?:@|\/\/)[^\n]*)+$/.exec(before)?.[0] ?? '');
  return text
    .replace(/^\/\*+|\*+\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^[ \t]*(?:\*|@|\/\/)+ ?/, '').trimEnd())
    .join('\n')
    .trim()
    .slice(0, 600);
}

function number(workspace: Workspace, source: Source, text: string): string[] {
  const value = valueOf(workspace, source, text);
  if (value === undefined || !Number.isSafeInteger(value)) return [];
  const bits = value >= -(2 ** 31) && value < 2 ** 32 ? ` = \`0b${(value >>> 0).toString(2)}\`` : '';
  return [`\`${value}\` = \`${value < 0 ? '-' : ''}0x${Math.abs(value).toString(16)}\`${bits}`];
}

function contents(workspace: Workspace, at: Occurrence): string[] {
  const { token, source, start } = at;
  const statement = statementAt(source, start);
  const word = statement && statementWord(workspace, source, statement);
  const meaning = word === undefined ? [] : trap(word);
  switch (token.kind) {
    case 'mnemonic': {
      const dot = token.name.indexOf('.');
      const name = dot > 0 ? token.name.slice(0, dot) : token.name;
      const macro = definitionsAt(workspace, at);
      const found = instructionsNamed(name);
      if (macro.length > 0) return macro.flatMap((definition) => describe(workspace, definition));
      return [...meaning, ...(found && statement ? instruction(source, name, found, statement) : [])];
    }
    case 'directive': {
      const known = DIRECTIVES.get(token.name);
      return [...meaning, ...(known ? [code(`${token.name} ${known[0]}`.trim()), known[1]] : [])];
    }
    case 'number':
      return [...meaning, ...number(workspace, source, token.name)];
    case 'register':
    case 'status': {
      const use = registerMeaning(token.name);
      return use === undefined ? [] : [`**${token.name}**`, use];
    }
    case 'include': {
      const include = indexOf(source).includes.find((candidate) => candidate.start === start);
      const found = include && resolveInclude(workspace, source, include);
      return [found ? workspace.display(found.path) : `\`${token.name}\` is not found on the include paths.`];
    }
    case 'symbol':
    case 'call':
    case 'parameter':
    case 'local': {
      const definitions = definitionsAt(workspace, at).slice(0, 3);
      const value = token.kind === 'symbol' ? valueOf(workspace, source, token.name) : undefined;
      const parts = definitions.flatMap((definition) => describe(workspace, definition));
      if (value !== undefined) parts.push(`Value: \`${value}\` = \`0x${(value >>> 0).toString(16)}\``);
      return [...meaning, ...parts];
    }
    default:
      return [];
  }
}

export const hover: Provider = ({ connection, workspace }) => {
  connection.onHover(({ textDocument, position }) => {
    const document = workspace.sourceOf(textDocument.uri);
    const offset = document ? offsetAt(document, position) : 0;
    const place = document && assemblyAt(document, offset);
    const at = place && occurrenceAt(place.source, offset - place.base);
    if (!at) return null;
    const parts = contents(workspace, at);
    if (parts.length === 0) return null;
    return {
      contents: { kind: MarkupKind.Markdown, value: parts.join('\n\n') },
      range: rangeAt(document, place.base + at.start, place.base + at.end),
    };
  });
  return { hoverProvider: true };
};
