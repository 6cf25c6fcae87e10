/** The views of Trapline, their commands, and the trap counts in the source. */
import * as vscode from 'vscode';
import type { LocateResponse } from '../../debug-adapter/protocol.ts';
import type { DebugHub } from './debug-hub.ts';
import { fileUri } from './file-uri.ts';
import type { ViewName } from './messages.ts';
import { TrapAnnotations } from './source/trap-annotations.ts';
import { TraplineView, viewId, type HostRequestHandler, type ViewContext } from './trapline-view.ts';
import { Runs } from './traps/runs.ts';

const VIEWS: Readonly<Record<ViewName, string>> = {
  traps: 'Traps',
  pageTables: 'Page Tables',
  memory: 'Guest Memory',
  machine: 'Machine',
  exitLog: 'Exit Log',
};

/** Registers everything; the views appear with the first debug session. */
export function registerViews(context: vscode.ExtensionContext, hub: DebugHub): void {
  const runs = new Runs(context.workspaceState, hub);
  const hostRequests = new Map<string, HostRequestHandler>([
    ...runs.requests,
    ['host/open', (args) => openSource(hub, args)],
  ]);
  const views = new Map<ViewName, TraplineView>();
  const shared: ViewContext = {
    extensionUri: context.extensionUri,
    hub,
    hostRequests,
    column: () => [...views.values()].map(({ column }) => column).find((column) => column !== undefined),
    showIn: (name, show) => views.get(name)?.show(show),
  };
  for (const [name, title] of Object.entries(VIEWS) as [ViewName, string][]) {
    const view = new TraplineView(name, title, shared);
    views.set(name, view);
    const open = vscode.commands.registerCommand(`${viewId(name)}.openEditor`, () => view.openEditor());
    context.subscriptions.push(view, open);
  }
  context.subscriptions.push(runs, new TrapAnnotations(hub, (show) => views.get('traps')?.show(show)));
}

/** Opens the line of an address: its file, or the listing of its function. */
async function openSource(hub: DebugHub, args: object): Promise<void> {
  const { session } = hub;
  const { address, source, line } = await hub.request<LocateResponse>('trapline/locate', args);
  if (!source || !session) throw new Error(`${address}: neither a source nor memory is there.`);
  const uri =
    source.path === undefined
      ? vscode.debug.asDebugSourceUri({ name: source.name, sourceReference: source.sourceReference ?? 0 }, session)
      : fileUri(source.path);
  const position = new vscode.Position(Math.max(0, (line ?? 1) - 1), 0);
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(position, position) });
}
