/** Activation: the debug type `trapline`, its configurations, and the terminal of the guest's console. */
import * as vscode from 'vscode';
import { TraplineConfigurationProvider, TraplineDynamicConfigurations } from './configurations.ts';
import { GuestTerminals } from './guest-terminal.ts';
import { registerViews } from './views/register.ts';
import { adapterDescriptor } from './node-adapter-process.ts';

const DEBUG_TYPE = 'trapline';

/** Called by the editor when a debug session of our type is prepared. */
export function activate(context: vscode.ExtensionContext): void {
  const terminals = new GuestTerminals(DEBUG_TYPE);
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, {
      createDebugAdapterDescriptor: ({ workspaceFolder }) => {
        const folder = workspaceFolder ?? vscode.workspace.workspaceFolders?.[0];
        return adapterDescriptor(context.extensionUri.fsPath, folder?.uri.fsPath);
      },
    }),
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new TraplineConfigurationProvider()),
    vscode.debug.registerDebugConfigurationProvider(
      DEBUG_TYPE,
      new TraplineDynamicConfigurations(),
      vscode.DebugConfigurationProviderTriggerKind.Dynamic,
    ),
    terminals,
  );
  registerViews(context, DEBUG_TYPE);
}
