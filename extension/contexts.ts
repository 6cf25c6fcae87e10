/** What conditions in package.json can ask about. */
import * as vscode from 'vscode';

/** Sets `trapline.hasStopped` once a guest has come to a stand: the walkthrough ticks its step off. */
export function registerContexts(type: string): vscode.Disposable {
  return vscode.debug.registerDebugAdapterTrackerFactory(type, {
    createDebugAdapterTracker: () => ({
      onDidSendMessage: ({ event }: { event?: string }) => {
        if (event === 'stopped') void vscode.commands.executeCommand('setContext', 'trapline.hasStopped', true);
      },
    }),
  });
}
