/** A view of Trapline: in the side bar and, as often as the user wants, as an editor. Both show the same page. */
import * as vscode from 'vscode';
import type { DebugHub } from './debug-hub.ts';
import { ALLOWED_REQUESTS, type FromView, type ShowRequest, type ToView, type ViewName } from './messages.ts';

/** Answers requests that the debug adapter does not know. */
export type HostRequestHandler = (args: Record<string, unknown>) => Promise<unknown>;

/** What a view needs of the extension. */
export interface ViewContext {
  extensionUri: vscode.Uri;
  hub: DebugHub;
  hostRequests: ReadonlyMap<string, HostRequestHandler>;
  /** The group of editors that has views; undefined while none is open. */
  column(): vscode.ViewColumn | undefined;
  /** Shows something in another view. */
  showIn(view: ViewName, show: ShowRequest): void;
}

/** Identifier of a view in package.json. */
export const viewId = (name: ViewName): string => `trapline.${name}`;

export class TraplineView implements vscode.WebviewViewProvider, vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly name: ViewName;
  private readonly title: string;
  private readonly context: ViewContext;
  private readonly pages = new Set<vscode.Webview>();
  private readonly ready = new Set<vscode.Webview>();
  private readonly panels = new Set<vscode.WebviewPanel>();
  private view: vscode.WebviewView | undefined;
  /** What to show as soon as a page is there. */
  private pending: ShowRequest | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(name: ViewName, title: string, context: ViewContext) {
    this.name = name;
    this.title = title;
    this.context = context;
    this.subscriptions = [
      vscode.window.registerWebviewViewProvider(viewId(name), this),
      vscode.window.registerWebviewPanelSerializer(viewId(name), this),
      context.hub.onDidChange((session) => {
        for (const page of this.ready) void page.postMessage({ type: 'session', session } satisfies ToView);
      }),
    ];
  }

  dispose(): void {
    for (const disposable of [...this.subscriptions, ...this.panels]) disposable.dispose();
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    this.fill(view.webview, false);
    view.onDidDispose(() => {
      this.view = undefined;
      this.forget(view.webview);
    });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface asks for a promise
  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.adopt(panel);
  }

  /** Opens the view as an editor, or shows the one that is open. */
  async openEditor(): Promise<void> {
    const [open] = this.panels;
    if (open) {
      open.reveal();
      return;
    }
    const column = this.context.column();
    const place = column ?? vscode.ViewColumn.Beside;
    this.adopt(vscode.window.createWebviewPanel(viewId(this.name), this.title, place));
    // At each stop the editor shows the source: in a group of its own a view stays where it is.
    if (column === undefined) await vscode.commands.executeCommand('workbench.action.lockEditorGroup');
  }

  /** The group of editors in which the view is open. */
  get column(): vscode.ViewColumn | undefined {
    const [panel] = this.panels;
    return panel?.viewColumn;
  }

  /** Shows something: in an editor that is open, else in the side bar. */
  show(show: ShowRequest): void {
    const [panel] = this.panels;
    if (panel) panel.reveal(undefined, true);
    else if (this.view) this.view.show(true);
    else void vscode.commands.executeCommand(`${viewId(this.name)}.focus`);
    const page = panel?.webview ?? this.view?.webview;
    if (page && this.ready.has(page)) void page.postMessage({ type: 'show', show } satisfies ToView);
    else this.pending = show;
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.panels.add(panel);
    this.fill(panel.webview, true);
    panel.onDidDispose(() => {
      this.panels.delete(panel);
      this.forget(panel.webview);
    });
  }

  private forget(page: vscode.Webview): void {
    this.pages.delete(page);
    this.ready.delete(page);
  }

  private fill(page: vscode.Webview, inEditor: boolean): void {
    const root = vscode.Uri.joinPath(this.context.extensionUri, 'dist', 'views');
    this.pages.add(page);
    page.options = { enableScripts: true, localResourceRoots: [root] };
    page.onDidReceiveMessage((message: FromView) => void this.receive(page, message));
    page.html = html(page, root, this.name, this.title, inEditor);
  }

  private async receive(page: vscode.Webview, message: FromView): Promise<void> {
    const post = (answer: ToView): void => {
      if (this.pages.has(page)) void page.postMessage(answer);
    };
    switch (message.type) {
      case 'ready':
        this.ready.add(page);
        post({ type: 'session', session: this.context.hub.state });
        if (this.pending) post({ type: 'show', show: this.pending });
        this.pending = undefined;
        break;
      case 'showIn':
        this.context.showIn(message.view, message.show);
        break;
      case 'request':
        try {
          post({ type: 'response', id: message.id, body: await this.answer(message.command, message.args ?? {}) });
        } catch (error) {
          post({ type: 'response', id: message.id, error: error instanceof Error ? error.message : String(error) });
        }
        break;
    }
  }

  private async answer(command: string, args: object): Promise<unknown> {
    const handler = this.context.hostRequests.get(command);
    if (handler) return handler(args as Record<string, unknown>);
    if (!ALLOWED_REQUESTS.has(command)) throw new Error(`A view may not send the request ${command}.`);
    return this.context.hub.request(command, args);
  }
}

/** The page of a view: nothing inline, nothing from elsewhere. */
function html(page: vscode.Webview, root: vscode.Uri, name: ViewName, title: string, inEditor: boolean): string {
  const uri = (file: string): string => page.asWebviewUri(vscode.Uri.joinPath(root, file)).toString();
  const source = page.cspSource;
  const policy = `default-src 'none'; script-src ${source}; style-src ${source}; font-src ${source}`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${title}</title>
<link rel="stylesheet" href="${uri('codicon.css')}" id="vscode-codicon-stylesheet">
<link rel="stylesheet" href="${uri('page.css')}">
<script type="module" src="${uri(`${name}.js`)}"></script>
</head>
<body class="${inEditor ? 'in-editor' : 'in-side-bar'}"></body>
</html>`;
}
