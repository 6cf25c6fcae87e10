/** Exits of the current or the last run in the source: code lenses, heat in the gutter, marks in the overview ruler. */
import * as vscode from 'vscode';
import type { LineExitsResponse, LineExitsRow } from '../../../debug-adapter/protocol.ts';
import type { DebugHub } from '../debug-hub.ts';
import { fileUri } from '../file-uri.ts';
import type { ShowRequest } from '../messages.ts';
import { heatLevel, hoverText, isFlaggedSite, lensTitle, LEVELS, QUIET_SITE } from './line-heat.ts';

/** Milliseconds between two questions while the guest runs. */
const INTERVAL_MS = 2000;
const SHOW_COMMAND = 'trapline.showTraps';
const TOGGLE_COMMAND = 'trapline.toggleTrapCounts';
const COLOURS = ['charts.yellow', 'charts.orange', 'charts.orange', 'charts.red'] as const;
/** The same in the gutter, where an icon cannot use colours of the theme. */
const GUTTER = ['#d7ba7d', '#d18616', '#d9531e', '#e51400'] as const;
/** Files that may hold code of a guest, whatever language another extension takes them for. */
const SOURCES = '**/*.{S,s,sx,asm,inc,c,h,cc,cpp,hpp}';

export class TrapAnnotations implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly hub: DebugHub;
  private readonly lensesChanged = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.lensesChanged.event;
  private readonly heats = GUTTER.map((colour, level) => heatDecoration(colour, COLOURS[level], level));
  private readonly quiet = quietDecoration();
  private readonly subscriptions: { dispose(): void }[];
  private lines = new Map<string, Map<number, LineExitsRow>>();
  private total = 0;
  private most = 0;
  private hasRun = false;
  private asking = false;
  private askAgain = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private shownVersion = '';

  constructor(hub: DebugHub, showTraps: (show: ShowRequest) => void) {
    this.hub = hub;
    const paint = (): void => this.paint();
    this.subscriptions = [
      this.lensesChanged,
      this.quiet,
      ...this.heats,
      vscode.languages.registerCodeLensProvider({ pattern: SOURCES }, this),
      vscode.commands.registerCommand(SHOW_COMMAND, () => showTraps({})),
      vscode.commands.registerCommand(TOGGLE_COMMAND, () => toggle()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('trapline.source.trapCounts')) this.changed();
      }),
      vscode.window.onDidChangeVisibleTextEditors(paint),
      vscode.languages.onDidChangeDiagnostics(paint),
      hub.onDidChange(() => this.sessionChanged()),
      hub.onDidEndRun(({ body }) => this.take(body.lines)),
    ];
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!isOn()) return [];
    const rows = this.lines.get(document.uri.toString());
    return [...(rows?.values() ?? [])].map((row) => {
      const command = { title: lensTitle(row), command: SHOW_COMMAND, tooltip: 'Show in the Traps view' };
      return new vscode.CodeLens(rangeOf(row.line), command);
    });
  }

  /** Asks at once when the guest stands, and now and then while it runs. */
  private sessionChanged(): void {
    const { id, state, version } = this.hub.state;
    const key = `${id} ${state} ${version}`;
    if (state === 'stopped' && key !== this.shownVersion) {
      this.shownVersion = key;
      void this.ask();
    } else if (state === 'running') {
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        if (this.hub.state.state === 'running' && isOn()) void this.ask();
      }, INTERVAL_MS);
    }
  }

  private async ask(): Promise<void> {
    if (this.asking) {
      this.askAgain = true;
      return;
    }
    this.asking = true;
    try {
      const { session } = this.hub;
      if (session) this.take((await session.customRequest('trapline/lineExits')) as LineExitsResponse);
    } catch (error) {
      // The session has ended meanwhile: its last numbers have come by themselves.
      if (this.hub.session) throw error;
    } finally {
      this.asking = false;
      if (this.askAgain) {
        this.askAgain = false;
        void this.ask();
      }
    }
  }

  private take({ lines, elsewhere }: LineExitsResponse): void {
    this.lines = new Map();
    this.total = elsewhere;
    this.most = 0;
    this.hasRun = true;
    for (const row of lines) {
      const uri = fileUri(row.path).toString();
      let rows = this.lines.get(uri);
      if (!rows) this.lines.set(uri, (rows = new Map<number, LineExitsRow>()));
      rows.set(row.line, row);
      this.total += row.count;
      this.most = Math.max(this.most, row.count);
    }
    this.changed();
  }

  private changed(): void {
    this.lensesChanged.fire();
    this.paint();
  }

  private paint(): void {
    for (const editor of vscode.window.visibleTextEditors) this.paintEditor(editor);
  }

  private paintEditor(editor: vscode.TextEditor): void {
    const { document } = editor;
    const levels: vscode.DecorationOptions[][] = Array.from({ length: LEVELS }, () => []);
    const quiet: vscode.DecorationOptions[] = [];
    const rows = isOn() ? this.lines.get(document.uri.toString()) : undefined;
    for (const row of rows?.values() ?? []) {
      if (row.line > document.lineCount) continue;
      const hoverMessage = new vscode.MarkdownString(hoverText(row, this.total));
      levels[heatLevel(row.count, this.most) - 1].push({ range: rangeOf(row.line), hoverMessage });
    }
    if (isOn() && this.hasRun) {
      for (const { range, source, code } of vscode.languages.getDiagnostics(document.uri)) {
        const id = typeof code === 'object' ? code.value : code;
        if (!isFlaggedSite(source, id) || rows?.has(range.start.line + 1)) continue;
        quiet.push({ range: rangeOf(range.start.line + 1), hoverMessage: new vscode.MarkdownString(QUIET_SITE) });
      }
    }
    this.heats.forEach((type, level) => editor.setDecorations(type, levels[level]));
    editor.setDecorations(this.quiet, quiet);
  }
}

const rangeOf = (line: number): vscode.Range => new vscode.Range(line - 1, 0, line - 1, 0);

const isOn = (): boolean => vscode.workspace.getConfiguration('trapline').get('source.trapCounts', true);

const toggle = (): Thenable<void> =>
  vscode.workspace.getConfiguration('trapline').update('source.trapCounts', !isOn(), vscode.ConfigurationTarget.Global);

const svg = (shape: string): vscode.Uri =>
  vscode.Uri.parse(
    `data:image/svg+xml;utf8,${encodeURIComponent(
      `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">${shape}</svg>`,
    )}`,
  );

/** A bar at the edge of the gutter, the taller and the redder the more exits. */
function heatDecoration(colour: string, ruler: string, level: number): vscode.TextEditorDecorationType {
  const height = 4 + level * 4;
  return vscode.window.createTextEditorDecorationType({
    gutterIconPath: svg(`<rect x="6" y="${8 - height / 2}" width="4" height="${height}" rx="1.5" fill="${colour}"/>`),
    gutterIconSize: 'contain',
    overviewRulerColor: new vscode.ThemeColor(ruler),
    overviewRulerLane: vscode.OverviewRulerLane.Left,
  });
}

/** A hollow mark: flagged by the linter, without an exit. */
function quietDecoration(): vscode.TextEditorDecorationType {
  return vscode.window.createTextEditorDecorationType({
    gutterIconPath: svg('<circle cx="8" cy="8" r="3.25" fill="none" stroke="#8a8a8a" stroke-width="1.5"/>'),
    gutterIconSize: 'contain',
  });
}
