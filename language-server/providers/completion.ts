/** Completion: instructions by architecture, conditions, registers, directives, and the names that a file can use. */
import { CompletionItemKind, InsertTextFormat, type CompletionItem, type CompletionList } from 'vscode-languageserver';
import { hoverFor } from '../../isa/hover.ts';
import { earliestArch, instructionBases, instructionsNamed } from '../../isa/instruction-names.ts';
import { operandNames } from '../../isa/operand-names.ts';
import { archLevel, type Arch } from '../../isa/row.ts';
import { ARCH_LEVELS } from '../../isa/row.ts';
import { indexOf, lineIndexAt } from '../index/file-index.ts';
import type { SymbolKind } from '../index/tokens.ts';
import { CONDITION_WORDS, DIRECTIVES, REGISTER_WORDS, registerMeaning } from '../index/words.ts';
import type { Source } from '../parse/source.ts';
import { assemblyAt, type AsmText } from '../workspace/asm-text.ts';
import { filesOf } from '../workspace/scope.ts';
import { offsetAt, rangeAt, type Workspace } from '../workspace/workspace.ts';
import type { Provider } from './provider.ts';

/** Names that one answer lists; the client asks again as the word grows. */
const MAX_ITEMS = 300;
/** Characters before the cursor that are read. */
const MAX_LINE = 2000;

const STATUS_REGISTERS = ['cpsr', 'spsr', 'cpsr_c', 'cpsr_f', 'cpsr_cxsf', 'spsr_cxsf'];
const PREPROCESSOR = [
  'include',
  'define',
  'undef',
  'if',
  'ifdef',
  'ifndef',
  'elif',
  'else',
  'endif',
  'error',
  'warning',
];

const KINDS: Readonly<Record<SymbolKind, CompletionItemKind>> = {
  label: CompletionItemKind.Function,
  local: CompletionItemKind.Reference,
  constant: CompletionItemKind.Constant,
  macro: CompletionItemKind.Method,
  define: CompletionItemKind.Constant,
  alias: CompletionItemKind.Variable,
  parameter: CompletionItemKind.TypeParameter,
};

/** What stands at the cursor. */
interface Context {
  readonly place: 'operation' | 'operand' | 'parameter' | 'preprocessor' | 'none';
  readonly prefix: string;
  readonly operation: string;
}

/** Reads the text of a line up to the cursor. */
export function contextOf(before: string): Context {
  const text = before.slice(-MAX_LINE);
  const hash = /^\s*#\s*(\w*)$/.exec(text);
  if (hash) return { place: 'preprocessor', prefix: hash[1], operation: '' };
  const parameter = /\\([\w.$]*)$/.exec(text);
  if (parameter) return { place: 'parameter', prefix: parameter[1], operation: '' };
  const code = text.replace(/"(?:[^"\\]|\\.)*"|\/\*[^]*?\*\//g, (match) => ' '.repeat(match.length));
  if (/@|\/\/|\/\*|"/.test(code)) return { place: 'none', prefix: '', operation: '' };
  const statement = code.slice(code.lastIndexOf(';') + 1).replace(/^(?:\s*[\w.$]+:)+/, '');
  const match = /^\s*([^\s]*)(\s+[^]*)?$/.exec(statement);
  const [, operation = '', operands] = (match ?? []) as (string | undefined)[];
  if (operands === undefined) return { place: 'operation', prefix: operation, operation: '' };
  return { place: 'operand', prefix: /[A-Za-z_.$][\w.$]*$/.exec(operands)?.[0] ?? '', operation };
}

/** The architecture that a file asks for with .arch or .cpu, if it is one of the table's. */
function archOf(source: Source): Arch {
  return source.once(archOf, () => {
    const named = /^[ \t]*\.arch[ \t]+arm(v\d\w*)/m.exec(source.text)?.[1].toLowerCase();
    return ARCH_LEVELS.find((arch) => arch.toLowerCase() === named) ?? 'v6K';
  });
}

class Items {
  readonly list: CompletionItem[] = [];
  isIncomplete = false;
  private readonly prefix: string;
  private readonly seen = new Set<string>();

  constructor(prefix: string) {
    this.prefix = prefix.toLowerCase();
  }

  add(label: string, kind: CompletionItemKind, detail: string, rank: number, more: Partial<CompletionItem> = {}): void {
    if (this.seen.has(label) || !label.toLowerCase().startsWith(this.prefix)) return;
    if (this.list.length >= MAX_ITEMS) {
      this.isIncomplete = true;
      return;
    }
    this.seen.add(label);
    this.list.push({ label, kind, detail, sortText: `${rank}${label}`, ...more });
  }
}

function operations(items: Items, source: Source, prefix: string): void {
  const level = archLevel(archOf(source));
  const lower = prefix.toLowerCase();
  for (const [name, found] of instructionBases()) {
    if (!name.startsWith(lower) && !lower.startsWith(name)) continue;
    const allowed = found.filter(({ row }) => archLevel(row.arch) <= level);
    if (allowed.length === 0) continue;
    const [{ row, operands }] = allowed;
    const detail = `${operandNames(operands).join(', ')}  (${earliestArch(allowed)})`.trim();
    items.add(name, CompletionItemKind.Keyword, detail, 1, { data: { instruction: name } });
    // Behind a whole name come its conditions.
    if (lower.startsWith(name) && lower !== '' && (row.bits.startsWith('c') || row.bits.length === 16)) {
      for (const [suffix, meaning] of CONDITION_WORDS) items.add(name + suffix, CompletionItemKind.Keyword, meaning, 2);
    }
  }
  for (const [name, [operands, meaning]] of DIRECTIVES) {
    if (prefix === '' || prefix.startsWith('.'))
      items.add(name, CompletionItemKind.Keyword, operands, 4, { documentation: meaning });
  }
}

function names(
  items: Items,
  workspace: Workspace,
  source: Source,
  kinds: ReadonlySet<SymbolKind>,
  prefix: string,
): void {
  const lower = prefix.toLowerCase();
  for (const file of filesOf(workspace, source)) {
    const where = file === source ? '' : workspace.display(file.path);
    for (const { kind, name } of indexOf(file).definitions) {
      if (!kinds.has(kind) || !name.toLowerCase().startsWith(lower)) continue;
      items.add(name, KINDS[kind], where === '' ? kind : `${kind}, ${where}`, file === source ? 0 : 3);
    }
  }
}

const OPERATIONS: ReadonlySet<SymbolKind> = new Set<SymbolKind>(['macro', 'define']);
const OPERANDS: ReadonlySet<SymbolKind> = new Set<SymbolKind>(['label', 'constant', 'define', 'alias']);

function operands(items: Items, workspace: Workspace, source: Source, { operation, prefix }: Context): void {
  const name = operation.toLowerCase();
  if (/^m[rs][sr]/.test(name) && instructionsNamed(name)) {
    for (const register of STATUS_REGISTERS)
      items.add(register, CompletionItemKind.Variable, registerMeaning(register) ?? '', 0);
  }
  const isBranch = instructionsNamed(name)?.some(({ row }) => row.group === 'branch') === true;
  if (!name.startsWith('.')) {
    for (const register of REGISTER_WORDS) {
      items.add(register, CompletionItemKind.Variable, registerMeaning(register) ?? '', isBranch ? 4 : 1);
    }
  }
  names(items, workspace, source, OPERANDS, prefix);
}

function complete(workspace: Workspace, document: Source, { source, base }: AsmText, offset: number): CompletionList {
  const line = source.lines[lineIndexAt(source, offset)];
  const from = line && offset <= line.end ? line.start : source.text.lastIndexOf('\n', offset - 1) + 1;
  const context = contextOf(source.text.slice(from, offset));
  const items = new Items(context.prefix);
  switch (context.place) {
    case 'operation':
      names(items, workspace, source, OPERATIONS, context.prefix);
      operations(items, source, context.prefix);
      break;
    case 'operand':
      operands(items, workspace, source, context);
      break;
    case 'parameter':
      for (const { kind, name, block } of indexOf(source).definitions) {
        if (kind !== 'parameter' || (block && (offset < block.start || offset > block.end))) continue;
        items.add(name, KINDS.parameter, 'parameter', 0);
      }
      break;
    case 'preprocessor':
      for (const name of PREPROCESSOR) items.add(name, CompletionItemKind.Keyword, '', 0);
      break;
    case 'none':
  }
  const range = rangeAt(document, base + offset - context.prefix.length, base + offset);
  const list = items.list.map((item) => ({
    ...item,
    insertTextFormat: InsertTextFormat.PlainText,
    textEdit: { range, newText: item.label },
  }));
  return { isIncomplete: items.isIncomplete || context.place === 'operation', items: list };
}

export const completion: Provider = ({ connection, workspace }) => {
  connection.onCompletion(({ textDocument, position }) => {
    const document = workspace.sourceOf(textDocument.uri);
    const offset = document ? offsetAt(document, position) : 0;
    const place = document && assemblyAt(document, offset);
    return place ? complete(workspace, document, place, offset - place.base) : null;
  });
  connection.onCompletionResolve((item) => {
    const name = (item.data as { instruction?: string } | undefined)?.instruction;
    const [found] = (name !== undefined && instructionBases().get(name)) || [];
    if (!found) return item;
    const { title, operation, section, sensitive } = hoverFor(found.row, found.row.value);
    return { ...item, documentation: [title, operation, sensitive, section].filter((text) => text).join('\n') };
  });
  return { completionProvider: { triggerCharacters: ['.', '\\', '#'], resolveProvider: true } };
};
