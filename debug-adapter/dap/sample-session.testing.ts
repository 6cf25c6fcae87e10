/** A debug session on the sample kernel, with what tests of source-level debugging ask again and again. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { connect, type Connection, type EventBody } from './session.testing.ts';

const GUEST = fileURLToPath(new URL('../../guests/sample', import.meta.url));

export type StepRequest = 'next' | 'stepIn' | 'stepOut';

export class SampleSession {
  readonly c: Connection;

  private constructor(c: Connection) {
    this.c = c;
  }

  /** Launches the kernel, standing at its first instruction. `client`: capabilities of the client. */
  static async start(options: object = {}, client: object = {}): Promise<SampleSession> {
    const c = await connect();
    await c.request('initialize', { adapterID: 'trapline', pathFormat: 'path', ...client });
    await c.request('launch', { program: GUEST, stopOnEntry: true, ...options });
    await c.next('initialized');
    await c.client.configurationDoneRequest();
    await c.next('stopped');
    return new SampleSession(c);
  }

  /** The path of a source file, e.g. `kernel/main.c`. */
  path(file: string): string {
    return `${GUEST}/${file}`;
  }

  /** The number of the only line of a file that contains a text. */
  line(file: string, text: string): number {
    const lines = readFileSync(this.path(file), 'utf8').split('\n');
    const found = lines.flatMap((line, i) => (line.includes(text) ? [i + 1] : []));
    if (found.length !== 1) throw new Error(`${file} has ${found.length} lines with ${text}`);
    return found[0];
  }

  /** Replaces the breakpoints of a file: by a text of the line, a number, or with conditions. */
  async breakAt(
    file: string,
    ...at: (string | number | (Partial<DebugProtocol.SourceBreakpoint> & { at: string }))[]
  ): Promise<DebugProtocol.Breakpoint[]> {
    const breakpoints = at.map((place) => {
      if (typeof place === 'number') return { line: place };
      if (typeof place === 'string') return { line: this.line(file, place) };
      const { at: text, ...rest } = place;
      return { line: this.line(file, text), ...rest };
    });
    const source = { path: this.path(file) };
    const answer = await this.c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setBreakpoints', {
      source,
      breakpoints,
    });
    return answer.breakpoints;
  }

  async breakIn(...names: string[]): Promise<DebugProtocol.Breakpoint[]> {
    const breakpoints = names.map((name) => ({ name }));
    return (await this.c.client.setFunctionBreakpointsRequest({ breakpoints })).body.breakpoints;
  }

  /** Goes on to the next stop. */
  async go(): Promise<EventBody> {
    await this.c.client.continueRequest({ threadId: 1 });
    return this.c.next('stopped', 20_000);
  }

  /** Runs until a function, and takes the breakpoint away. */
  async runTo(name: string): Promise<EventBody> {
    await this.breakIn(name);
    const stop = await this.go();
    await this.breakIn();
    return stop;
  }

  /** Types a line into the guest's console. */
  async type(line: string): Promise<void> {
    await this.c.client.evaluateRequest({ expression: `>${line}`, context: 'repl' });
  }

  async step(request: StepRequest, args: object = {}): Promise<EventBody> {
    await this.c.request(request, { threadId: 1, ...args });
    return this.c.next('stopped', 20_000);
  }

  async frames(): Promise<DebugProtocol.StackFrame[]> {
    return (await this.c.client.stackTraceRequest({ threadId: 1 })).body.stackFrames;
  }

  /** The innermost frame as `function file:line`. */
  async here(): Promise<string> {
    const [{ name, source, line }] = await this.frames();
    return `${name} ${source?.name}:${line}`;
  }

  async evaluate(expression: string, frameId?: number): Promise<string> {
    const args = { expression, context: 'watch', ...(frameId !== undefined && { frameId }) };
    return (await this.c.client.evaluateRequest(args)).body.result;
  }

  /** The variables of a scope of a frame, by name. */
  async scope(name: string, frameId = 1): Promise<Map<string, DebugProtocol.Variable>> {
    const { scopes } = (await this.c.client.scopesRequest({ frameId })).body;
    const scope = scopes.find((candidate) => candidate.name === name);
    return scope ? this.children(scope.variablesReference) : new Map();
  }

  async children(variablesReference: number, args: object = {}): Promise<Map<string, DebugProtocol.Variable>> {
    const { variables } = (await this.c.client.variablesRequest({ variablesReference, ...args })).body;
    return new Map(variables.map((variable) => [variable.name, variable]));
  }
}
