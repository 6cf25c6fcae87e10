/** Starts and stops the editor's server, with fresh folders and a home folder of its own. */
import { spawn, spawnSync } from 'node:child_process';
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

/** Folders are not trusted, and nobody is asked when one is opened. */
const RESTRICTED = {
  'security.workspace.trust.enabled': true,
  'security.workspace.trust.startupPrompt': 'never',
  'security.workspace.trust.banner': 'never',
};

export interface Server {
  /** Host and port. */
  authority: string;
  /** Where extensions are installed. */
  readonly extensions: string;
  /** Runs one of the editor's commands for extensions, such as `--uninstall-extension NAME`; gives what it prints. */
  manage(...args: string[]): string;
  stop(): Promise<void>;
}

/** What a server has beside its defaults. */
export interface ServerOptions {
  /** Settings that differ. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A package to install before the start. */
  readonly vsix?: string;
  /** Whether folders are asked about before they are trusted; they are trusted by default. */
  readonly restricted?: boolean;
}

/** Starts the server on a free port. */
export async function startServer(editor: Editor, options: ServerOptions = {}): Promise<Server> {
  const { settings = {}, vsix, restricted = false } = options;
  const folder = mkdtempSync(join(tmpdir(), 'trapline-editor-'));
  const sub = (name: string): string => join(folder, name);
  for (const name of ['data/User', 'extensions', 'home']) mkdirSync(sub(name), { recursive: true });
  writeFileSync(
    sub('data/User/settings.json'),
    JSON.stringify({ ...SETTINGS, ...(restricted && RESTRICTED), ...settings }),
  );
  const folders = ['--server-data-dir', sub('server'), '--user-data-dir', sub('data')];
  folders.push('--extensions-dir', sub('extensions'));
  const args = [
    ...[editor.server, '--host', '127.0.0.1', '--port', '0'],
    ...['--without-connection-token', '--accept-server-license-terms', '--telemetry-level', 'off'],
    // Without this driver the server ignores which extension is under development.
    ...['--enable-smoke-test-driver', ...(restricted ? [] : ['--disable-workspace-trust'])],
    ...folders,
  ];
  const env = {
    ...process.env,
    HOME: sub('home'),
    XDG_CONFIG_HOME: sub('home/.config'),
    XDG_DATA_HOME: sub('home/.local/share'),
  };
  const manage = (...command: string[]): string => {
    const all = [editor.server, ...command, ...folders, '--accept-server-license-terms'];
    const { status, stdout, stderr } = spawnSync(editor.node, all, { encoding: 'utf8', env });
    if (status !== 0) throw new Error(`${command.join(' ')} failed: ${stdout}${stderr}`);
    return stdout;
  };
  if (vsix !== undefined) manage('--install-extension', vsix, '--force');
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
    return { authority: `127.0.0.1:${port}`, extensions: sub('extensions'), manage, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
