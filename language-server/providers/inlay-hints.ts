/** Inlay hints: the instruction that a trap stands for, and the value of a literal load. */
import { InlayHintKind, InlayHintRefreshRequest, type InlayHint } from 'vscode-languageserver';
import { instructionsNamed } from '../../isa/instruction-names.ts';
import { lineIndexAt } from '../index/file-index.ts';
import { statementsOf } from '../rules/written-sites.ts';
import { statementWord, trapText, valueOf } from '../workspace/values.ts';
import { offsetAt, positionAt } from '../workspace/workspace.ts';
import type { Provider } from './provider.ts';

const MAX_HINTS = 2000;

export const inlayHints: Provider = ({ connection, workspace, client }) => {
  connection.languages.inlayHint.on(({ textDocument, range }) => {
    const source = workspace.assemblyOf(textDocument.uri);
    if (!source) return null;
    const hints: InlayHint[] = [];
    const [from, to] = [offsetAt(source, range.start), offsetAt(source, range.end)];
    const { lines } = source;
    for (let i = Math.max(0, lineIndexAt(source, from)); i < lines.length && lines[i].start <= to; i++) {
      const line = lines[i];
      if (line.directive || !/\bs(?:wi|vc)|\.inst|\.word|\.long|=/i.test(line.text)) continue;
      for (const statement of statementsOf(line)) {
        if (hints.length >= MAX_HINTS) return hints;
        const position = positionAt(source, line.start + statement.end);
        const word = statementWord(workspace, source, statement);
        const text = word === undefined ? undefined : trapText(word);
        // Beside its original in a comment a trap explains itself.
        const explained = source.text.startsWith(' /* lpv: ', line.start + statement.end);
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
        if (!literal || !instructionsNamed(statement.name)?.some(({ base }) => base === 'ldr')) continue;
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
    return hints;
  });
  if (client.workspace?.inlayHint?.refreshSupport === true) {
    workspace.onOutsideChange(() => void connection.sendRequest(InlayHintRefreshRequest.type));
  }
  return { inlayHintProvider: { resolveProvider: false } };
};
