/** Which documents the language server is for, and with which features. */
import * as vscode from 'vscode';
import type { BaseLanguageClient, DocumentFilter } from 'vscode-languageclient';

const ASSEMBLY_LANGUAGES = ['arm', 'gas'];
/** Other extensions give these files languages of their own. */
const ASSEMBLY_FILES = '**/*.{s,S,sx}';
const C_LANGUAGES = ['c', 'cpp'];

/** What an asm statement begins with. */
const ASM_STATEMENT = /\b(?:asm|__asm|__asm__)\b/;

/** Schemes of documents that lie beside their includes: not those of an editor's own, such as `git` or `output`. */
function schemes(): string[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return [...new Set(['file', ...folders.map(({ uri }) => uri.scheme)])];
}

/** Filters for assembly files. */
export function assemblySelector(): DocumentFilter[] {
  return schemes().flatMap((scheme) => [
    ...ASSEMBLY_LANGUAGES.map((language) => ({ scheme, language })),
    { scheme, pattern: ASSEMBLY_FILES },
  ]);
}

/** Filters for all files that are read: assembly, and C for its asm statements. */
export function fullSelector(): DocumentFilter[] {
  return [
    ...assemblySelector(),
    ...schemes().flatMap((scheme) => C_LANGUAGES.map((language) => ({ scheme, language }))),
  ];
}

/** Whether a document is a reason to start the server: assembly, or C with an asm statement. */
export function isWanted(document: vscode.TextDocument): boolean {
  if (vscode.languages.match(assemblySelector() as vscode.DocumentSelector, document) > 0) return true;
  const known = vscode.languages.match(fullSelector() as vscode.DocumentSelector, document) > 0;
  return known && ASM_STATEMENT.test(document.getText());
}

/**
 * What a C extension offers for C files too. Offered twice, names would be listed twice, and the editor would ask which
 * formatter to use.
 */
const ASSEMBLY_ONLY = [
  'textDocument/completion',
  'textDocument/signatureHelp',
  'textDocument/definition',
  'textDocument/references',
  'textDocument/documentHighlight',
  'textDocument/rename',
  'textDocument/documentSymbol',
  'textDocument/foldingRange',
  'textDocument/selectionRange',
  'textDocument/semanticTokens',
  'textDocument/documentLink',
  'textDocument/prepareCallHierarchy',
  'textDocument/formatting',
  'textDocument/rangeFormatting',
  'textDocument/onTypeFormatting',
] as const;

/** Features as the client keeps them, by method; its declarations list each method alone. */
interface Features {
  getFeature(method: string): { initialize(capabilities: unknown, selector: unknown): void };
}

/** Keeps features of a client that is not yet started away from C files. */
export function limitToAssembly(client: BaseLanguageClient): void {
  const features = client as unknown as Features;
  for (const method of ASSEMBLY_ONLY) {
    const feature = features.getFeature(method);
    const initialize = feature.initialize.bind(feature);
    feature.initialize = (capabilities) => initialize(capabilities, assemblySelector());
  }
}
