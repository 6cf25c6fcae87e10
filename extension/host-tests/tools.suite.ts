/** What the extension offers to other parts of the editor: tools for language models, and values behind the lines. */
import * as vscode from 'vscode';
import { check, equal, fileOf } from './check.ts';
import { Session } from './session.ts';

const SAMPLE = '${workspaceFolder}/sample';
const TOOLS = ['trapline_state', 'trapline_translate', 'trapline_traps'];

interface Machine {
  readonly virtual: { readonly registers: Readonly<Record<string, string>> };
}

interface State {
  readonly machine: Machine;
  readonly stack: { readonly stackFrames: readonly { readonly name: string }[] };
}

/** The answer of a tool, which is one text of JSON. */
async function ask<T>(name: string, input: object = {}): Promise<T> {
  const { content } = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
  equal(content.length, 1, 'parts of the answer');
  return JSON.parse((content[0] as vscode.LanguageModelTextPart).value) as T;
}

/** Starts the sample kernel, and stops it in a function. */
async function stoppedIn(name: string): Promise<Session> {
  vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(name)]);
  const session = await Session.start({ program: SAMPLE, mode: 'lpv' });
  check(/breakpoint/.test(await session.stopped()), 'stopped by the breakpoint');
  return session;
}

afterEach(async () => {
  vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
  await vscode.debug.stopDebugging();
});

describe('tools for language models', () => {
  it('are known to the editor, each with a description and a schema', () => {
    const ours = vscode.lm.tools.filter(({ name }) => name.startsWith('trapline_'));
    equal(ours.map(({ name }) => name).sort(), TOOLS, 'names');
    for (const { name, description, inputSchema } of ours) {
      check(description.length > 50 && inputSchema !== undefined, `${name}: described`);
    }
  });

  it('say that a session is needed', async () => {
    const refused = await ask('trapline_state').then(
      () => '',
      (error: unknown) => String(error),
    );
    check(/No guest is being debugged: start a session/.test(refused), `message: ${refused}`);
  });

  it('read a guest that stands: registers, stack, a translation, and who trapped', async () => {
    const session = await stoppedIn('sys_exit');
    const state = await ask<State>('trapline_state');
    const registers = await session.variables('Core registers');
    for (const name of ['r0', 'sp', 'pc', 'cpsr']) {
      equal(state.machine.virtual.registers[name], registers.get(name), name);
    }
    equal(state.stack.stackFrames[0]?.name, 'sys_exit', 'the innermost function');

    const address = registers.get('sp')!;
    const walk = await ask('trapline_translate', { address });
    equal(walk, await session.request('trapline/translation', { address }), 'the walk of the stack pointer');

    const { total, sites } = await ask<{ total: number; sites: { rows: unknown[] } }>('trapline_traps', { count: 3 });
    equal(total, (await session.request<{ total: number }>('trapline/exits', { count: 0 })).total, 'exits');
    equal(sites.rows.length, 3, 'sites');
    await session.stop();
  });
});

describe('values in the text', () => {
  it('stand behind the variables of C and the registers of assembly', async () => {
    const session = await stoppedIn('sys_exit');
    const [frame] = await session.frames();
    const file = fileOf(`sample/kernel/${frame.source?.path?.split('/').at(-1)}`);
    const names = await inlineNames(file, frame.line, frame.id);
    const known = await session.variables('Arguments');
    check(known.size > 0, 'sys_exit has arguments');
    equal(
      [...known.keys()].filter((name) => !names.includes(name)),
      [],
      `arguments of sys_exit without a value in the text; it has ${names.join()}`,
    );
    await session.stop();

    const entered = await Session.start({ program: SAMPLE, mode: 'lpv', stopOnEntry: true });
    await entered.stopped();
    const [entry] = await entered.frames();
    // The first instruction is mrs r0, cpsr.
    equal(await inlineNames(fileOf('sample/kernel/boot.S'), entry.line, entry.id), ['$r0', '$cpsr'], 'registers');
    await entered.stop();
  });
});

/** What is looked up or evaluated for the lines up to one, 1-based, at which a frame stands. */
async function inlineNames(uri: vscode.Uri, line: number, frameId: number): Promise<string[]> {
  const document = await vscode.workspace.openTextDocument(uri);
  const stopped = new vscode.Range(line - 1, 0, line - 1, 0);
  const values = await vscode.commands.executeCommand<vscode.InlineValue[]>(
    'vscode.executeInlineValueProvider',
    uri,
    new vscode.Range(0, 0, document.lineCount, 0),
    { frameId, stoppedLocation: stopped },
  );
  return values.map((value) => {
    if ('variableName' in value) return value.variableName ?? '';
    return 'expression' in value ? (value.expression ?? '') : '';
  });
}
