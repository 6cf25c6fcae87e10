/** Tells the language server how often each trap has been taken, by source line, while a guest runs and at its end. */
import * as vscode from 'vscode';
import type { ExitsArguments, ExitsResponse, SiteRow } from '../debug-adapter/protocol.ts';
import type { TrapCount } from '../language-server/protocol.ts';

const PAGE = 1000;
const MOST_PAGES = 10;
/** Between two questions while the guest runs. */
const INTERVAL_MS = 1000;
/** Causes that are an instruction which traps; all others happen at whatever instruction comes along. */
const TRAPS = /^(?:status|return|user-bank|user-access|cp15|coprocessor|wfi)\b/;

/** Sums the traps of each source line. Sites without a source, and exits of other kinds, are left out. */
export function countsByLine(sites: readonly SiteRow[]): TrapCount[] {
  const byLine = new Map<string, TrapCount>();
  for (const { source, cause, count } of sites) {
    if (!source || !TRAPS.test(cause)) continue;
    const key = `${source.line} ${source.path}`;
    byLine.set(key, { file: source.path, line: source.line, count: count + (byLine.get(key)?.count ?? 0) });
  }
  return [...byLine.values()];
}

/** Asks one session; never two questions at a time. */
class Questions {
  private readonly session: vscode.DebugSession;
  private readonly take: (counts: TrapCount[]) => void;
  private asking = false;
  private again = false;
  private last = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: vscode.DebugSession, take: (counts: TrapCount[]) => void) {
    this.session = session;
    this.take = take;
  }

  /** The numbers have changed; `now`: the guest stands, so that they stay as they are. */
  changed(now: boolean): void {
    if (this.asking) {
      this.again = true;
      return;
    }
    const wait = now ? 0 : Math.max(0, this.last + INTERVAL_MS - Date.now());
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), wait);
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private async ask(): Promise<void> {
    this.asking = true;
    this.last = Date.now();
    try {
      this.take(countsByLine(await this.sites()));
    } catch {
      // The session has ended, or has not loaded its guest yet: there is nothing to count.
    }
    this.asking = false;
    if (this.again) {
      this.again = false;
      this.changed(false);
    }
  }

  private async sites(): Promise<SiteRow[]> {
    const rows: SiteRow[] = [];
    for (let page = 0; page < MOST_PAGES; page++) {
      const wanted: ExitsArguments = { sort: 'count', start: page * PAGE, count: PAGE };
      const { sites } = (await this.session.customRequest('trapline/exits', wanted)) as ExitsResponse;
      rows.push(...sites.rows);
      if (rows.length >= sites.total) break;
    }
    return rows;
  }
}

/** Follows the sessions of a debug type; the counts of the one that changed last are told. */
export class TrapCountsFeed implements vscode.Disposable {
  private readonly subscription: vscode.Disposable;

  constructor(type: string, take: (counts: TrapCount[]) => void) {
    this.subscription = vscode.debug.registerDebugAdapterTrackerFactory(type, {
      createDebugAdapterTracker: (session) => {
        const questions = new Questions(session, take);
        return {
          onDidSendMessage: (message: { type: string; event?: string; command?: string }) => {
            // The first question subscribes to the events that cause the others.
            if (message.command === 'configurationDone' || message.event === 'stopped') questions.changed(true);
            if (message.event === 'trapline/statsChanged') questions.changed(false);
          },
          onWillStopSession: () => questions.end(),
        };
      },
    });
  }

  dispose(): void {
    this.subscription.dispose();
  }
}
