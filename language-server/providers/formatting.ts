/** Formatting of a document, of a range, and of the line that has just been ended or labelled. */
import type { FormattingOptions, TextEdit } from 'vscode-languageserver';
import { formatEdits } from '../format.ts';
import type { Source } from '../parse/source.ts';
import { offsetAt, rangeAt } from '../workspace/workspace.ts';
import type { Provider } from './provider.ts';

function edits(source: Source, from: number, to: number, options: FormattingOptions): TextEdit[] {
  return formatEdits(source, from, to, options).map(({ start, end, text }) => ({
    range: rangeAt(source, start, end),
    newText: text,
  }));
}

export const formatting: Provider = ({ connection, workspace }) => {
  /** Headers hold C, which has formatters of its own. */
  const sourceOf = (uri: string): Source | undefined => {
    const source = workspace.assemblyOf(uri);
    return source && source.language === 'assembly' ? source : undefined;
  };
  connection.onDocumentFormatting(({ textDocument, options }) => {
    const source = sourceOf(textDocument.uri);
    return source ? edits(source, 0, source.text.length, options) : null;
  });
  connection.onDocumentRangeFormatting(({ textDocument, range, options }) => {
    const source = sourceOf(textDocument.uri);
    return source ? edits(source, offsetAt(source, range.start), offsetAt(source, range.end), options) : null;
  });
  connection.onDocumentOnTypeFormatting(({ textDocument, position, ch, options }) => {
    const source = sourceOf(textDocument.uri);
    if (!source) return null;
    // Behind a newline it is the line before that is complete.
    const line = ch === '\n' ? position.line - 1 : position.line;
    if (line < 0) return null;
    const start = offsetAt(source, { line, character: 0 });
    const newline = source.text.indexOf('\n', start);
    return edits(source, start, newline < 0 ? source.text.length : newline, options);
  });
  return {
    documentFormattingProvider: true,
    documentRangeFormattingProvider: true,
    documentOnTypeFormattingProvider: { firstTriggerCharacter: '\n', moreTriggerCharacter: [':'] },
  };
};
