/** Runs to compare with: the last ones that have ended, and those that the user has kept. */
import * as vscode from 'vscode';
import type { ExitsResponse } from '../../../debug-adapter/protocol.ts';
import type { DebugHub } from '../debug-hub.ts';
import type { Run } from '../messages.ts';
import type { HostRequestHandler } from '../trapline-view.ts';

const KEY = 'trapline.runs';
/** Runs that are remembered without having been kept, and in all. */
const MOST_UNKEPT = 5;
const MOST_RUNS = 30;

export class Runs implements vscode.Disposable {
  private readonly memory: vscode.Memento;
  private readonly subscription: vscode.Disposable;
  private lastExits: ExitsResponse | undefined;

  constructor(memory: vscode.Memento, hub: DebugHub) {
    this.memory = memory;
    this.subscription = hub.onDidEndRun(({ session, body: { exits } }) => {
      this.lastExits = exits;
      if (exits.total > 0) void this.add(session.name, summary(exits), false);
    });
  }

  dispose(): void {
    this.subscription.dispose();
  }

  /** The requests of the Traps view. */
  get requests(): [string, HostRequestHandler][] {
    return [
      ['host/runs', () => Promise.resolve(this.all)],
      ['host/lastExits', () => Promise.resolve(this.lastExits)],
      ['host/keepRun', (args) => this.keep(args['run'] as Summary)],
      ['host/forgetRuns', () => Promise.resolve(this.memory.update(KEY, undefined))],
    ];
  }

  private get all(): Run[] {
    return this.memory.get<Run[]>(KEY, []);
  }

  private async keep(run: Summary): Promise<Run | undefined> {
    const name = await vscode.window.showInputBox({
      prompt: 'A name for these numbers, to compare later runs with them',
      value: `run ${this.all.length + 1}`,
    });
    return name === undefined ? undefined : this.add(name, run, true);
  }

  private async add(name: string, numbers: Summary, kept: boolean): Promise<Run> {
    const time = Date.now();
    const run: Run = { id: `${time}`, name, time, kept, ...numbers };
    let unkept = 0;
    const runs = [run, ...this.all].filter((other) => other.kept || ++unkept <= MOST_UNKEPT).slice(0, MOST_RUNS);
    await this.memory.update(KEY, runs);
    return run;
  }
}

type Summary = Omit<Run, 'id' | 'time' | 'kept' | 'name'>;

function summary({ instructions, total, hostInstructions, byCause, functions }: ExitsResponse): Summary {
  return {
    ...{ instructions, total, hostInstructions },
    causes: Object.fromEntries(byCause.map(({ cause, count }) => [cause, count])),
    functions: Object.fromEntries(functions.rows.map((row) => [row.function ?? '', row.count])),
  };
}
