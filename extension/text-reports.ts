/** Read-only documents for the answers of commands. */
import * as vscode from 'vscode';

const SCHEME = 'trapline-report';
/** The oldest reports are forgotten. */
const MOST_REPORTS = 20;

export class TextReports implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  private next = 1;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.query) ?? 'This report is no longer kept; run the command again.';
  }

  /** Shows a text in an editor of its own. */
  async show(title: string, text: string): Promise<void> {
    const id = String(this.next++);
    this.texts.set(id, text);
    for (const old of this.texts.keys()) {
      if (this.texts.size <= MOST_REPORTS) break;
      this.texts.delete(old);
    }
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${title.replaceAll('/', ' ')}`, query: id });
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
  }

  dispose(): void {
    this.registration.dispose();
  }
}
