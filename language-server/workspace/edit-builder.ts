/** Puts edits of several files together as the client can take them. */
import {
  CreateFile,
  TextDocumentEdit,
  type AnnotatedTextEdit,
  type ClientCapabilities,
  type TextEdit as ProtocolEdit,
  type WorkspaceEdit,
} from 'vscode-languageserver';
import type { Source } from '../parse/source.ts';
import type { TextEdit } from '../rules/edits.ts';
import { supportChanges, supportPlace } from '../rules/support-place.ts';
import { rangeAt, type Workspace } from './workspace.ts';

const ANNOTATION = 'trap';

export class EditBuilder {
  private readonly workspace: Workspace;
  private readonly client: NonNullable<ClientCapabilities['workspace']>['workspaceEdit'];
  private readonly edits = new Map<string, { source: Source; edits: TextEdit[] }>();
  private readonly created = new Map<string, string>();

  constructor(workspace: Workspace, client: ClientCapabilities) {
    this.workspace = workspace;
    this.client = client.workspace?.workspaceEdit;
  }

  /** How many files change. */
  get files(): number {
    return this.edits.size + this.created.size;
  }

  add(source: Source, edits: readonly TextEdit[]): void {
    if (edits.length === 0) return;
    const known = this.edits.get(source.path);
    if (known)
      known.edits.push(
        ...edits.filter((edit) => !known.edits.some(({ start, end }) => start === edit.start && end === edit.end)),
      );
    else this.edits.set(source.path, { source, edits: [...edits] });
  }

  /**
   * Adds what computed traps of a file need of the assembler: the support file, and the line of the Makefile. A client
   * that cannot create files gets the rest.
   */
  addSupport(path: string): void {
    const { workspace } = this;
    const files = {
      exists: (at: string) => workspace.host.exists(at),
      readText: (at: string) => workspace.get(at)?.text,
    };
    const place = supportPlace(workspace.folderFor(path), files);
    for (const { path: at, before, after } of supportChanges(place, files)) {
      if (before === after) continue;
      const source = workspace.get(at);
      if (source) this.add(source, [difference(source.text, after)]);
      else if (this.client?.resourceOperations?.includes('create') === true) this.created.set(at, after);
    }
  }

  /**
   * The edit. With `reason`, the client is asked to show it before it is applied, where it can.
   */
  build(reason?: string): WorkspaceEdit {
    const annotates = reason !== undefined && this.client?.changeAnnotationSupport !== undefined;
    const note = (edit: ProtocolEdit): ProtocolEdit | AnnotatedTextEdit =>
      annotates ? { ...edit, annotationId: ANNOTATION } : edit;
    const entries = [...this.edits.values()].map(({ source, edits }) => ({
      uri: this.workspace.uriOf(source.path),
      version: this.workspace.versionOf(source.path),
      edits: edits.map(({ start, end, text }) => note({ range: rangeAt(source, start, end), newText: text })),
    }));
    if (this.client?.documentChanges !== true) {
      return { changes: Object.fromEntries(entries.map(({ uri, edits }) => [uri, edits])) };
    }
    const creations = [...this.created].flatMap(([path, text]) => {
      const uri = this.workspace.uriOf(path);
      const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
      return [
        CreateFile.create(uri, { ignoreIfExists: true }, annotates ? ANNOTATION : undefined),
        TextDocumentEdit.create({ uri, version: null }, [note({ range, newText: text })]),
      ];
    });
    const edits = entries.map(({ uri, version, edits: own }) => TextDocumentEdit.create({ uri, version }, own));
    return {
      documentChanges: [...creations, ...edits],
      ...(annotates && { changeAnnotations: { [ANNOTATION]: { label: reason, needsConfirmation: true } } }),
    };
  }
}

/** The one edit that makes a text another one. */
function difference(before: string, after: string): TextEdit {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let tail = 0;
  while (tail < shorter - start && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return { start, end: before.length - tail, text: after.slice(start, after.length - tail) };
}
