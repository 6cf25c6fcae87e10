/** One test as a session of the debug adapter, which types, compares and decides. */
import * as vscode from 'vscode';
import type { TestFinishedBody } from '../../debug-adapter/protocol.ts';

/** A test in a mode. */
export interface TestJob {
  /** The guest's folder. */
  readonly folder: vscode.Uri;
  readonly test: string;
  readonly mode: string;
}

type Collect = (session: vscode.DebugSession) => Promise<void>;

export interface TestSessionOptions {
  readonly debugType: string;
  readonly testRun: vscode.TestRun;
  readonly token: vscode.CancellationToken;
  /** With breakpoints, and the views of a debug session. */
  readonly debug: boolean;
  /** Called before the session ends, when what was executed is recorded. */
  readonly collect: Collect | undefined;
  /** Takes what the guest prints. */
  onConsole(text: string): void;
}

/** The attribute by which a session is known; the adapter leaves names with two underscores alone. */
const MARK = '__traplineTest';
let sessions = 0;

/** Runs a test. Resolves to its verdict, or to why there is none. */
export async function runTestSession(job: TestJob, options: TestSessionOptions): Promise<TestFinishedBody | string> {
  const { debugType, testRun, token, debug, collect } = options;
  const mark = `${++sessions}`;
  const owner = vscode.workspace.getWorkspaceFolder(job.folder);
  const disposables: vscode.Disposable[] = [];
  let verdict: TestFinishedBody | undefined;
  let failure: string | undefined;
  const collectAndEnd = async (session: vscode.DebugSession, collectFrom: Collect): Promise<void> => {
    try {
      await collectFrom(session);
      // To stop the session would cancel the whole run of tests, so the adapter is asked to end it.
      await session.customRequest('terminate');
    } catch (error) {
      failure = `What was executed could not be read: ${error instanceof Error ? error.message : String(error)}`;
      void vscode.debug.stopDebugging(session);
    }
  };
  const ended = new Promise<void>((resolve) => {
    const isOurs = (session: vscode.DebugSession): boolean => session.configuration[MARK] === mark;
    const stop = (session: vscode.DebugSession): void => void vscode.debug.stopDebugging(session);
    disposables.push(
      vscode.debug.onDidStartDebugSession((session) => {
        if (!isOurs(session)) return;
        if (token.isCancellationRequested) stop(session);
        else disposables.push(token.onCancellationRequested(() => stop(session)));
      }),
      vscode.debug.onDidReceiveDebugSessionCustomEvent(({ session, event, body }) => {
        if (!isOurs(session)) return;
        if (event === 'trapline/console') options.onConsole((body as { text: string }).text);
        if (event !== 'trapline/testFinished') return;
        verdict = body as TestFinishedBody;
        if (collect) void collectAndEnd(session, collect);
      }),
      vscode.debug.onDidTerminateDebugSession((session) => {
        if (isOurs(session)) resolve();
      }),
    );
  });
  try {
    const configuration: vscode.DebugConfiguration = {
      ...{ type: debugType, request: 'launch', name: `Test: ${job.test} (${job.mode})`, [MARK]: mark },
      ...{ program: job.folder.scheme === 'file' ? job.folder.fsPath : job.folder.toString(true), mode: job.mode },
      ...{ test: job.test, coverage: collect !== undefined, console: 'debugConsole' },
      ...{ internalConsoleOptions: 'neverOpen' },
    };
    const quiet = { suppressDebugStatusbar: true, suppressDebugToolbar: true, suppressDebugView: true };
    const started = await vscode.debug.startDebugging(owner, configuration, {
      ...{ noDebug: !debug, testRun, suppressSaveBeforeStart: true },
      ...(!debug && quiet),
    });
    if (!started) return 'The session could not be started; the debug console says why.';
    await ended;
  } finally {
    for (const disposable of disposables) disposable.dispose();
  }
  return failure ?? verdict ?? 'The session has ended without a verdict.';
}
