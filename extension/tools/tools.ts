/** Tools that language models may use in the editor: they read the running guest, and change nothing. */
import * as vscode from 'vscode';
import type { ExitsArguments, TranslationArguments } from '../../debug-adapter/protocol.ts';

/** The guest is asked by the requests of the debug adapter (docs/dap-extensions.md). */
interface Tool<Input> {
  /** Name in package.json. */
  readonly name: string;
  /** What the user sees while it works. */
  doing(input: Input): string;
  ask(session: vscode.DebugSession, input: Input): Promise<unknown>;
}

type CurrentSession = () => vscode.DebugSession | undefined;

interface TranslateInput {
  address: string;
  user?: boolean;
}

interface TrapsInput {
  sort?: 'count' | 'hostInstructions' | 'address';
  count?: number;
}

/** Sites in an answer: enough to see a pattern, few enough to read. */
const SITES = 20;
const MOST_SITES = 200;
const FRAMES = 20;
/** The processor, whichever task it is at; `threads` names the tasks, and not this one, once the guest has some. */
const PROCESSOR = 1;

const state: Tool<object> = {
  name: 'trapline_state',
  doing: () => "Reading the guest's state",
  ask: async (session) => {
    const machine: unknown = await session.customRequest('trapline/machine', {});
    if ((machine as { running?: boolean }).running === true) return { machine };
    const { threads } = (await session.customRequest('threads')) as { threads: { id: number; name: string }[] };
    const stack: unknown = await session.customRequest('stackTrace', { threadId: PROCESSOR, levels: FRAMES });
    return { machine, threads, stack };
  },
};

const translate: Tool<TranslateInput> = {
  name: 'trapline_translate',
  doing: ({ address }) => `Translating ${address}`,
  ask: (session, { address, user }) => {
    const wanted: TranslationArguments = { address, ...(user !== undefined && { user }) };
    return Promise.resolve(session.customRequest('trapline/translation', wanted));
  },
};

const traps: Tool<TrapsInput> = {
  name: 'trapline_traps',
  doing: () => 'Reading who trapped',
  ask: (session, { sort = 'count', count = SITES }) => {
    const wanted: ExitsArguments = { sort, start: 0, count: Math.max(1, Math.min(MOST_SITES, Math.trunc(count))) };
    return Promise.resolve(session.customRequest('trapline/exits', wanted));
  },
};

/**
 * Registers the tools, where the editor has language models at all. `current` gives the session that is looked at, while its guest
 * can be asked; the editor's active session may be one that has failed to start.
 */
export function registerTools(current: CurrentSession): vscode.Disposable[] {
  // Absent in editors older than the interface, whatever its types say.
  const models = vscode.lm as typeof vscode.lm | undefined;
  if (typeof models?.registerTool !== 'function') return [];
  return [register(current, state), register(current, translate), register(current, traps)];
}

function register<Input>(current: CurrentSession, tool: Tool<Input>): vscode.Disposable {
  return vscode.lm.registerTool<Input>(tool.name, {
    prepareInvocation: ({ input }) => ({ invocationMessage: tool.doing(input) }),
    invoke: async ({ input }) => {
      const session = current();
      if (!session) throw new Error('No guest is being debugged: start a session of Trapline first.');
      const answer = await tool.ask(session, input);
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(JSON.stringify(answer))]);
    },
  });
}
