/** Inlay hints: the instruction that a trap stands for, and the value of a literal load. */
import { InlayHintKind, InlayHintRefreshRequest, type InlayHint } from 'vscode-languageserver';
import { instructionsNamed } from '../../isa/instruction-names.ts';
import { lineIndexAt } from '../index/file-index.ts';
import type { Source } from '../parse/source.ts';
import { statementsOf } from '../rules/written-sites.ts';
import { asmTexts, type AsmText } from '../workspace/asm-text.ts';
import { statementWord, trapText, valueOf } from '../workspace/values.ts';
import { offsetAt, positionAt, type Workspace } from '../workspace/workspace.ts';
import type { Provider } from './provider.ts';

const MAX_HINTS = 2000;

/** Adds the hints of a text between two of its offsets; `document` is the file in which it stands at `base`. */
function addHints(
  hints: InlayHint[],
  workspace: Workspace,
  document: Source,
  { source, base }: AsmText,
  from: number,
  to: number,
): void {
  const { lines } = source;
  for (let i = Math.max(0, lineIndexAt(source, from)); i < lines.length && lines[i].start <= to; i++) {
    const line = lines[i];
    if (line.directive || !/\bs(?:wi|vc)|\.inst|\.word|\.long|=/i.test(line.text)) continue;
    for (const statement of statementsOf(line)) {
      if (hints.length >= MAX_HINTS) return;
      const end = line.start + statement.end;
      const position = positionAt(document, base + end);
      const word = statementWord(workspace, source, statement);
      const text = word === undefined ? undefined : trapText(word);
      // Beside its original in a comment a trap explains itself.
      const explained = source.text.startsWith(' /* lpv: ', end);
      if (text !== undefined && !explained) {
        hints.push({
          position,
          label: text,
          paddingLeft: true,
          kind: InlayHintKind.Type,
          tooltip: 'What this trap stands for',
        });
      }
      const literal = /,\s*=\s*([^\s][^]*)$/.exec(statement.operands);
      if (!literal || !instructionsNamed(statement.name)?.some(({ base: name }) => name === 'ldr')) continue;
      const value = /^-?(?:0x[\da-f]+|\d+)$/i.test(literal[1]) ? undefined : valueOf(workspace, source, literal[1]);
      if (value !== undefined) {
        hints.push({
          position,
          label: `0x${(value >>> 0).toString(16)}`,
          paddingLeft: true,
          tooltip: 'The value that is loaded',
        });
      }
    }
  }
}

export const inlayHints: Provider = ({ connection, workspace, client }) => {
  connection.languages.inlayHint.on(({ textDocument, range }) => {
    const source = workspace.sourceOf(textDocument.uri);
    if (!source) return null;
    const hints: InlayHint[] = [];
    const [from, to] = [offsetAt(source, range.start), offsetAt(source, range.end)];
    if (source.language !== 'c') addHints(hints, workspace, source, { source, base: 0 }, from, to);
    for (const text of asmTexts(source)) {
      const { base } = text;
      if (base > to || base + text.source.text.length < from) continue;
      addHints(hints, workspace, source, text, Math.max(0, from - base), to - base);
    }
    return hints;
  });
  if (client.workspace?.inlayHint?.refreshSupport === true) {
    workspace.onOutsideChange(() => void connection.sendRequest(InlayHintRefreshRequest.type));
  }
  return { inlayHintProvider: { resolveProvider: false } };
};
