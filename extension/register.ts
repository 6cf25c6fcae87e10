/** Everything that the extension offers, on any host; each part is a file of its own. */
import * as vscode from 'vscode';
import { registerContexts } from './contexts.ts';
import { registerGuestCopies } from './copy-guest.ts';
import { TraplineConfigurationProvider, TraplineDynamicConfigurations } from './configurations.ts';
import { registerDebugCommands } from './debug-commands.ts';
import { GuestTerminals } from './guest-terminal.ts';
import { registerLanguage } from './language/language.ts';
import { assemblySelector } from './language/selectors.ts';
import type { Platform } from './platform.ts';
import { GuestTests } from './testing/guest-tests.ts';
import { registerTools } from './tools/tools.ts';
import { registerValues } from './values/values.ts';
import { DebugHub } from './views/debug-hub.ts';
import { registerViews } from './views/register.ts';

const DEBUG_TYPE = 'trapline';

/** Registers debug type, language features and commands; the servers start when they are needed. */
export function register(context: vscode.ExtensionContext, platform: Platform): void {
  const log = vscode.window.createOutputChannel('Trapline', { log: true });
  const hub = new DebugHub(DEBUG_TYPE);
  registerLanguage(context, platform, log);
  context.subscriptions.push(
    log,
    hub,
    vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, {
      createDebugAdapterDescriptor: (session) => platform.debugAdapter(session),
    }),
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new TraplineConfigurationProvider()),
    vscode.debug.registerDebugConfigurationProvider(
      DEBUG_TYPE,
      new TraplineDynamicConfigurations(),
      vscode.DebugConfigurationProviderTriggerKind.Dynamic,
    ),
    new GuestTerminals(DEBUG_TYPE),
    new GuestTests(DEBUG_TYPE, log),
    ...registerTools(() => hub.session),
    ...registerValues(DEBUG_TYPE, assemblySelector() as vscode.DocumentSelector),
    registerContexts(DEBUG_TYPE),
    ...registerDebugCommands(platform, log),
    ...registerGuestCopies(context),
  );
  registerViews(context, hub);
}
