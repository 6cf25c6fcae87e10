/** Starts and stops the editor's server, with fresh folders and a home folder of its own. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Editor } from './install.ts';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5000;

/** Nothing that asks, updates or pops up. */
const SETTINGS = {
  'workbench.startupEditor': 'none',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'chat.disableAIFeatures': true,
  'chat.agentHost.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'debug.openDebug': 'openOnDebugBreak',
  'git.enabled': false,
  'files.autoSave': 'off',
  'editor.accessibilitySupport': 'off',
  'window.commandCenter': false,
  'typescript.disableAutomaticTypeAcquisition': true,
  // The text of a terminal can be read from the page when it is drawn with elements.
  'terminal.integrated.gpuAcceleration': 'off',
};

export interface Server {
  /** Host and port. */
  authority: string;
  stop(): Promise<void>;
}

/** What a server has beside its defaults. */
export interface ServerOptions {
  /** Settings that differ. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Starts the server on a free port. */
export async function startServer(editor: Editor, { settings = {} }: ServerOptions = {}): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-editor-'));
  const sub = (name: string): string => join(folder, name);
  for (const name of ['data/User', 'extensions', 'home']) mkdirSync(sub(name), { recursive: true });
  writeFileSync(sub('data/User/settings.json'), JSON.stringify({ ...SETTINGS, ...settings }));
  const args = [
    ...[editor.server, '--host', '127.0.0.1', '--port', '0'],
    ...['--without-connection-token', '--accept-server-license-terms', '--telemetry-level', 'off'],
    // Without this driver the server ignores which extension is under development.
    ...['--disable-workspace-trust', '--enable-smoke-test-driver'],
    ...['--server-data-dir', sub('server'), '--user-data-dir', sub('data'), '--extensions-dir', sub('extensions')],
  ];
  const env = {
    ...process.env,
    HOME: sub('home'),
    XDG_CONFIG_HOME: sub('home/.config'),
    XDG_DATA_HOME: sub('home/.local/share'),
  };
  // A group of its own, so that the extension host and the debug adapter end with it.
  const child = spawn(editor.node, args, { detached: true, stdio: ['ignore', 'pipe', 'ignore'], env });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  const stop = async (): Promise<void> => {
    kill('SIGTERM');
    const timer = setTimeout(() => kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const port = await new Promise<string>((resolve, reject) => {
      let output = '';
      const fail = (): void => reject(new Error(`the editor's server did not start: ${output}`));
      setTimeout(fail, START_TIMEOUT_MS).unref();
      child.once('exit', fail);
      child.stdout.on('data', (data: Buffer) => {
        output += data.toString();
        const listening = /Extension host agent listening on (\d+)/.exec(output);
        if (listening) resolve(listening[1]);
      });
    });
    return { authority: `127.0.0.1:${port}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
