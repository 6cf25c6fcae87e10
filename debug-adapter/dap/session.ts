/**
 * A debug session. It only wires requests to the parts that answer them; it knows no file system, no socket and no
 * editor, so it runs in Node, in an extension host and in a browser worker.
 */
import { DebugSession, Event } from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { closest } from '../../symbols/closest.ts';
import { isRecord, RequestArguments } from './arguments.ts';
import { Breakpoints } from './breakpoints.ts';
import { breakpointLocations, whyNotBound } from './breakpoint-questions.ts';
import { CAPABILITIES } from './capabilities.ts';
import { completions } from './completions.ts';
import { GuestConsole } from './console.ts';
import { DataBreakpoints } from './data-breakpoints.ts';
import { disassembleRequest } from './disassembly.ts';
import * as errors from './errors.ts';
import { commandNames, explicitCommand, runCommand } from './console-commands.ts';
import { consoleInput } from './evaluate.ts';
import { Evaluator } from './evaluator.ts';
import { ExceptionFilters } from './exception-filters.ts';
import { exitLogRequest, exitsRequest } from './exits-requests.ts';
import { Guest, type AdapterHost, type LoadedGuest } from './guest.ts';
import { Listings, LISTING_MIME_TYPE } from './listings.ts';
import { parseLaunchArguments, type LaunchArguments } from './launch-arguments.ts';
import { machineRequest } from './machine-request.ts';
import { readMemoryRequest, writeMemoryRequest } from './memory.ts';
import { loadedSources, modules } from './modules.ts';
import { withProgress } from './progress.ts';
import { RegistersScope } from './registers-scope.ts';
import { RunControl, type Stop } from './run-control.ts';
import { Stack } from './stack.ts';
import { StatsEvents } from './stats-events.ts';
import { pageTablesRequest, translationRequest } from './translation-requests.ts';
import { lineExitsRequest, locateRequest } from './source-requests.ts';
import { goTo, gotoTargets, stepInTargets } from './targets.ts';
import { Variables } from './variables.ts';
import { formatPlace, type MemoryPlace } from './address.ts';

/** The answer to a request, and what follows once it has been sent. */
interface Reply {
  body?: object;
  after?: () => void;
}

type Handler = (args: RequestArguments, signal: AbortSignal) => Reply | Promise<Reply>;

/** A guest and the parts that work on it. */
interface Loaded {
  guest: Guest;
  run: RunControl;
  stack: Stack;
  registers: RegistersScope;
  variables: Variables;
  evaluator: Evaluator;
  console: GuestConsole;
  stats: StatsEvents;
  closeGdb: (() => void) | undefined;
}

/** Rows of each list in the report of a run that is over. */
const MOST_LAST_ROWS = 1000;

export class TraplineSession extends DebugSession {
  /** Called once, when the client has disconnected. */
  onDisconnect: (() => void) | undefined;
  private readonly host: AdapterHost;
  private readonly handlers: ReadonlyMap<string, Handler>;
  private readonly listings = new Listings();
  private readonly exceptions = new ExceptionFilters();
  private readonly breakpoints = new Breakpoints(this.listings, [this.exceptions]);
  private readonly dataBreakpoints = new DataBreakpoints();
  /** Requests in progress, by sequence number. */
  private readonly pending = new Map<number, AbortController>();
  private client: Readonly<Record<string, unknown>> = {};
  private launchArguments: LaunchArguments | undefined;
  private loaded: Loaded | undefined;
  private configured = false;
  private closed = false;
  /** Why the last list of threads was not complete. */
  private threadProblem: string | undefined;

  constructor(host: AdapterHost) {
    super();
    this.host = host;
    this.setRunAsServer(true);
    const inspecting = { ...this.inspection(), ...this.statistics() };
    const running = { ...this.execution(), ...this.stopping() };
    this.handlers = new Map(Object.entries({ ...this.lifecycle(), ...inspecting, ...running }));
  }

  /** The requests that have a handler. */
  get requests(): string[] {
    return [...this.handlers.keys()];
  }

  /** Tells the client about bytes or messages that belong to no request. */
  reportBadMessage(error: errors.UserError): void {
    this.sendResponse(failure({ seq: 0, command: '' }, error));
  }

  /** Takes one message, whatever it is: a request is answered exactly once. */
  override handleMessage(message: unknown): void {
    if (!isRecord(message)) {
      this.reportBadMessage(errors.badMessage('the body is not an object'));
      return;
    }
    const { type, seq, command } = message;
    if (type === 'response' || type === 'event') return;
    if (type !== 'request') {
      this.reportBadMessage(errors.badMessage('"type" is not "request"'));
      return;
    }
    if (typeof seq !== 'number') {
      this.reportBadMessage(errors.badMessage('"seq" is not a number'));
      return;
    }
    const request = { seq, command: typeof command === 'string' ? command : '' };
    void this.answer(request, message['arguments']);
  }

  /** Stops the guest and releases what belongs to it. Safe to call twice. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const controller of this.pending.values()) controller.abort();
    this.unload();
    this.onDisconnect?.();
  }

  private async answer(request: { seq: number; command: string }, values: unknown): Promise<void> {
    const { seq, command } = request;
    const controller = new AbortController();
    this.pending.set(seq, controller);
    let after: (() => void) | undefined;
    try {
      const handler = this.handlers.get(command);
      if (!handler) throw errors.unknownRequest(command, closest(command, this.requests));
      const result = handler(new RequestArguments(command, values), controller.signal);
      const reply = result instanceof Promise ? await result : result;
      if (controller.signal.aborted) throw errors.requestCancelled();
      this.sendResponse({ seq: 0, type: 'response', request_seq: seq, success: true, command, ...bodyOf(reply) });
      after = reply.after;
    } catch (error) {
      this.sendResponse(failure(request, error));
    } finally {
      this.pending.delete(seq);
    }
    try {
      after?.();
    } catch (error) {
      this.say(messageOf(error), 'important');
    }
  }

  private lifecycle(): Record<string, Handler> {
    return {
      initialize: (args) => {
        this.client = args.raw;
        return { body: CAPABILITIES };
      },
      launch: (args, signal) => this.launch(args, signal),
      attach: () => {
        throw errors.attachUnsupported();
      },
      configurationDone: (args) => {
        const { run } = this.need(args);
        if (this.configured) return {};
        this.configured = true;
        return { after: () => run.start(this.launchArguments?.stopOnEntry ?? false) };
      },
      restart: (args, signal) => this.restart(args, signal),
      terminate: () => {
        this.loaded?.run.dispose();
        return {
          after: () => {
            this.sendLastExits();
            this.sendEvent(new Event('terminated'));
          },
        };
      },
      disconnect: () => ({ after: () => this.close() }),
      cancel: (args) => {
        // A progress has the id of its request.
        const id = args.raw['requestId'] ?? args.raw['progressId'];
        this.pending.get(Number(id))?.abort();
        return {};
      },
    };
  }

  private inspection(): Record<string, Handler> {
    return {
      threads: (args) => this.threads(args),
      stackTrace: (args) => ({ body: this.need(args).stack.trace(args) }),
      source: (args) => ({
        body: { content: this.listings.text(sourceReference(args)), mimeType: LISTING_MIME_TYPE },
      }),
      scopes: (args) => {
        const { stack, variables, registers } = this.need(args);
        const frame = args.integer('frameId');
        return { body: { scopes: [...variables.scopes(stack.context(frame)), ...registers.scopes(frame)] } };
      },
      variables: (args) => {
        const { variables, registers } = this.need(args);
        const reference = args.integer('variablesReference', { min: 0 });
        const found = variables.has(reference) ? variables.variables(args) : registers.variables(reference);
        return { body: { variables: found } };
      },
      setVariable: (args) => {
        const loaded = this.need(args);
        const { variables, registers, evaluator } = loaded;
        const reference = args.integer('variablesReference', { min: 0 });
        const number = (text: string): number => evaluator.number(text);
        const body = variables.has(reference)
          ? withoutName(variables.set(args))
          : { value: registers.set(reference, args.string('name'), args.string('value'), number) };
        return { body, after: () => this.invalidate(loaded) };
      },
      setExpression: (args) => {
        const loaded = this.need(args);
        const body = loaded.evaluator.assign(args.string('expression'), args.string('value'), frameIdOf(args), args);
        return { body, after: () => this.invalidate(loaded) };
      },
      completions: (args) => {
        const { guest, stack } = this.need(args);
        const before = args.string('text').slice(0, args.integer('column', { min: 1 }) - 1);
        return { body: { targets: completions(guest, stack.context(frameIdOf(args)), before) } };
      },
      dataBreakpointInfo: (args) => ({ body: this.need(args).evaluator.dataBreakpointInfo(args) }),
      loadedSources: (args) => ({ body: { sources: loadedSources(this.need(args).guest) } }),
      evaluate: (args) => this.evaluate(args),
      readMemory: (args) => ({ body: readMemoryRequest(this.need(args).guest, args) ?? {} }),
      writeMemory: (args) => {
        const loaded = this.need(args);
        const { place, bytesWritten } = writeMemoryRequest(loaded.guest, args);
        return { body: { bytesWritten }, after: () => this.memoryWritten(loaded, place, bytesWritten) };
      },
      disassemble: (args) => ({ body: { instructions: disassembleRequest(this.need(args).guest, args) } }),
      modules: (args) => ({ body: modules(this.need(args).guest, args) }),
    };
  }

  /** Requests of Trapline's own, all read-only (docs/dap-extensions.md). */
  private statistics(): Record<string, Handler> {
    const about =
      (answer: (guest: Guest, args: RequestArguments) => object): Handler =>
      (args) => {
        const { guest, stats } = this.need(args);
        const body = answer(guest, args);
        return { body, after: () => stats.want() };
      };
    return {
      'trapline/exits': about(exitsRequest),
      'trapline/exitLog': about(exitLogRequest),
      'trapline/lineExits': about(lineExitsRequest),
      'trapline/locate': about((guest, args) => locateRequest(guest, this.listings, args)),
      'trapline/translation': about(translationRequest),
      'trapline/pageTables': about(pageTablesRequest),
      'trapline/machine': about(machineRequest),
    };
  }

  private execution(): Record<string, Handler> {
    return {
      continue: (args) => {
        const { run } = this.forThread(args);
        run.requireAlive();
        return { body: { allThreadsContinued: true }, after: () => run.resume() };
      },
      pause: (args) => {
        const { run } = this.forThread(args);
        run.requireAlive();
        return { after: () => run.pause() };
      },
      next: (args) => this.step(args, (run) => () => (byInstruction(args) ? run.next() : run.stepLine('over'))),
      stepIn: (args) => {
        const target = args.raw['targetId'] === undefined ? undefined : args.integer('targetId');
        return this.step(args, (run) => () => (byInstruction(args) ? run.stepIn() : run.stepLine('into', target)));
      },
      stepOut: (args) => this.step(args, (run) => run.planStepOut()),
      stepInTargets: (args) => {
        const { guest, stack } = this.need(args);
        const { isLive } = stack.frame(args.integer('frameId'));
        return { body: { targets: isLive ? stepInTargets(guest) : [] } };
      },
      gotoTargets: (args) => ({ body: { targets: gotoTargets(this.need(args).guest, args) } }),
      goto: (args) => {
        const { guest, run, stack } = this.forThread(args);
        run.requireStanding('going elsewhere');
        if (stack.sleeping(args)) throw errors.sleepingThread('go elsewhere');
        const address = goTo(guest, args);
        return { after: () => run.wentTo(address) };
      },
      'trapline/input': (args) => {
        const loaded = this.need(args);
        this.type(loaded, args.string('text'));
        return {};
      },
    };
  }

  /** Breakpoints of all kinds. */
  private stopping(): Record<string, Handler> {
    const guest = (args: RequestArguments): Guest => this.need(args).guest;
    return {
      setBreakpoints: (args) => ({ body: { breakpoints: this.breakpoints.setSource(args) } }),
      setFunctionBreakpoints: (args) => ({ body: { breakpoints: this.breakpoints.setFunctions(args) } }),
      setInstructionBreakpoints: (args) => ({ body: { breakpoints: this.breakpoints.setInstructions(args) } }),
      setExceptionBreakpoints: (args) => {
        const breakpoints = this.exceptions.set(args);
        this.breakpoints.refresh();
        return { body: { breakpoints } };
      },
      exceptionInfo: (args) => {
        this.need(args);
        return { body: this.exceptions.info() };
      },
      setDataBreakpoints: (args) => ({ body: { breakpoints: this.dataBreakpoints.set(args) } }),
      breakpointLocations: (args) => ({ body: { breakpoints: breakpointLocations(guest(args), args) } }),
      'trapline/whyNotBound': (args) => ({ body: whyNotBound(guest(args), this.breakpoints, args) }),
    };
  }

  private step(args: RequestArguments, plan: (run: RunControl) => () => void): Reply {
    const loaded = this.forThread(args);
    const { run, stack } = loaded;
    run.requireStanding('stepping');
    const sleeping = stack.sleeping(args);
    const go = sleeping ? run.planWake(sleeping[args.command === 'stepOut' ? 1 : 0]) : plan(run);
    return {
      after: () => {
        loaded.stack.invalidate();
        this.exceptions.forget();
        go();
      },
    };
  }

  private async launch(args: RequestArguments, signal: AbortSignal): Promise<Reply> {
    if (this.launchArguments) throw errors.alreadyLaunched();
    const parsed = parseLaunchArguments(args.raw);
    this.launchArguments = parsed;
    try {
      await this.load(parsed, signal);
    } catch (error) {
      this.launchArguments = undefined;
      throw error;
    }
    return { after: () => this.sendEvent(new Event('initialized')) };
  }

  private async restart(args: RequestArguments, signal: AbortSignal): Promise<Reply> {
    this.need(args);
    const given = args.raw['arguments'];
    const parsed = isRecord(given) ? parseLaunchArguments(given) : this.launchArguments;
    if (!parsed) throw errors.notLaunched(args.command);
    const before = this.loaded;
    before?.run.dispose();
    this.sendLastExits();
    await this.load(parsed, signal);
    this.launchArguments = parsed;
    return { after: () => this.loaded?.run.start(parsed.stopOnEntry) };
  }

  private async load(args: LaunchArguments, signal: AbortSignal): Promise<void> {
    const load = (): Promise<LoadedGuest> => this.host.load(args, signal);
    const isShown = this.client['supportsProgressReporting'] === true;
    const loading = isShown
      ? withProgress((event) => this.sendEvent(event), this.idOf(signal), 'Loading the guest', load)
      : load();
    const loadedGuest = await loading.catch((error: unknown) => {
      throw error instanceof errors.UserError ? error : errors.launchFailed(inAttributes(messageOf(error)));
    });
    if (signal.aborted || this.closed) throw errors.requestCancelled();
    const statsWanted = this.loaded?.stats.wanted ?? false;
    this.unload();
    const guest = new Guest(loadedGuest, this.host.schedule);
    const stack = new Stack(guest, this.listings);
    const breakpoints = args.noDebug ? new Breakpoints(this.listings) : this.breakpoints;
    const data = args.noDebug ? new DataBreakpoints() : this.dataBreakpoints;
    const guestConsole: GuestConsole = new GuestConsole(
      guest.machine,
      (text) => this.consoleText(text),
      () => run.end(),
    );
    const listener = {
      stopped: (stop: Stop) => this.stopped(stop),
      ended: (exitCode: number, text: string) => this.ended(exitCode, text),
    };
    const run: RunControl = new RunControl(guest, breakpoints, data, listener, () => guestConsole.panicked);
    guest.runner.onResume.add(() => {
      stack.invalidate();
      this.exceptions.forget();
    });
    const registers = new RegistersScope(guest, stack);
    const stats = new StatsEvents(guest, (body) => this.sendEvent(new Event('trapline/statsChanged', body)));
    if (statsWanted) stats.want();
    const variables = new Variables();
    stack.onInvalidate.add(() => variables.clear());
    const evaluator = new Evaluator(guest, stack, variables, registers);
    const parts = { stats, guest, run, stack, registers, variables, evaluator };
    this.loaded = { ...parts, console: guestConsole, closeGdb: undefined };
    for (const logging of [breakpoints, data, this.exceptions]) logging.onMessage = (text) => this.say(text);
    this.exceptions.bind(guest);
    breakpoints.bind(guest);
    data.bind(guest);
    for (const note of loadedGuest.notes ?? []) this.say(note);
    if (args.gdbPort !== undefined) await this.serveGdb(this.loaded, args.gdbPort);
  }

  /** The request in progress that a signal belongs to, as the id of its progress. */
  private idOf(signal: AbortSignal): string {
    const [seq] = [...this.pending].find(([, controller]) => controller.signal === signal) ?? [];
    return String(seq);
  }

  private async serveGdb(loaded: Loaded, port: number): Promise<void> {
    if (!this.host.serveGdb) throw errors.launchFailed('"gdbPort" needs a desktop: no ports can be opened here.');
    const { machine, runner } = loaded.guest;
    const server = await this.host.serveGdb(machine, runner, port).catch((error: unknown) => {
      throw errors.launchFailed(`Cannot serve GDB on port ${port}: ${messageOf(error)}.`);
    });
    loaded.closeGdb = () => server.close();
    this.say(`GDB can connect to 127.0.0.1:${server.port}. Its breakpoints replace those of this session.`);
  }

  private unload(): void {
    const { loaded } = this;
    this.loaded = undefined;
    if (!loaded) return;
    loaded.run.dispose();
    loaded.console.dispose();
    loaded.stats.dispose();
    loaded.closeGdb?.();
  }

  private evaluate(args: RequestArguments): Reply {
    const text = args.string('expression');
    const loaded = this.need(args);
    if (args.optionalString('context') === 'repl') {
      const input = consoleInput(text);
      if (input !== undefined) {
        this.type(loaded, input);
        return { body: { result: '', variablesReference: 0 } };
      }
      const result = this.command(loaded, text, args);
      if (result !== undefined) return { body: { result, variablesReference: 0 } };
    }
    const { body, changed } = loaded.evaluator.evaluate(text, frameIdOf(args), args);
    return { body, after: () => changed && this.invalidate(loaded) };
  }

  /** The answer of a command of the debug console; undefined when the text is an expression. */
  private command(loaded: Loaded, text: string, args: RequestArguments): string | undefined {
    const { guest, evaluator } = loaded;
    const number = (expression: string): number => evaluator.number(expression);
    const explicit = explicitCommand(text);
    if (explicit !== undefined) {
      const result = runCommand(guest, explicit, number);
      if (result === undefined) throw errors.unknownCommand(text, closest(explicit, commandNames(guest)));
      return result;
    }
    // A kernel may have a variable of the name of a command; but whoever asks for help is not after a function.
    if (text.trim() === 'help') return runCommand(guest, text, number);
    const name = /^\w+/.exec(text.trim())?.[0] ?? '';
    return evaluator.isKnown(name, frameIdOf(args)) ? undefined : runCommand(guest, text, number);
  }

  /** `threads`; a list that the kernel's memory does not let come to its end is explained once. */
  private threads(args: RequestArguments): Reply {
    const { stack, run } = this.need(args);
    const { threads, problem } = stack.threads(run.running);
    const isNew = problem !== undefined && problem !== this.threadProblem;
    this.threadProblem = problem;
    return { body: { threads }, after: () => isNew && this.say(`The list of tasks is not complete: ${problem}.`) };
  }

  private type(loaded: Loaded, text: string): void {
    if (text === '') throw errors.emptyInput();
    loaded.guest.runner.type(new TextEncoder().encode(text));
  }

  private need(args: RequestArguments): Loaded {
    if (!this.loaded) throw errors.notLaunched(args.command);
    return this.loaded;
  }

  private forThread(args: RequestArguments): Loaded {
    const loaded = this.need(args);
    loaded.stack.threadOf(args);
    return loaded;
  }

  private stopped(stop: Stop): void {
    this.loaded?.console.flush();
    this.loaded?.stack.invalidate();
    this.loaded?.stats.stepped();
    const threadId = this.loaded?.stack.currentThread;
    this.sendEvent(new Event('stopped', { ...stop, threadId, allThreadsStopped: true }));
  }

  private ended(exitCode: number, text: string): void {
    this.loaded?.console.flush();
    this.sendLastExits();
    this.say(`The guest has ended with exit code ${exitCode}: ${text}.`);
    this.sendEvent(new Event('exited', { exitCode }));
    this.sendEvent(new Event('terminated'));
  }

  /** A run is over: its numbers, for clients that have asked for some, before the guest is gone. */
  private sendLastExits(): void {
    const { guest, stats } = this.loaded ?? {};
    if (!guest || !stats?.wanted) return;
    const exits = exitsRequest(guest, new RequestArguments('trapline/exits', { count: MOST_LAST_ROWS }));
    this.sendEvent(new Event('trapline/runEnded', { exits, lines: lineExitsRequest(guest) }));
  }

  private consoleText(text: string): void {
    this.sendEvent(new Event('trapline/console', { text }));
    if (this.launchArguments?.console === 'terminal') return;
    this.sendEvent(new Event('output', { category: 'stdout', output: text }));
  }

  private say(line: string, category: 'console' | 'important' = 'console'): void {
    this.sendEvent(new Event('output', { category, output: `${line}\n` }));
  }

  /** Something was written. A client that is told of a new stack shows its source, and takes the keyboard there. */
  private invalidate(loaded: Loaded): void {
    const hasNewStack = loaded.stack.refresh();
    if (this.client['supportsInvalidatedEvent'] !== true) return;
    const areas = hasNewStack ? ['stacks', 'variables'] : ['variables'];
    this.sendEvent(new Event('invalidated', { areas }));
  }

  private memoryWritten(loaded: Loaded, place: MemoryPlace, count: number): void {
    if (count === 0) return;
    if (this.client['supportsMemoryEvent'] === true) {
      this.sendEvent(new Event('memory', { memoryReference: formatPlace(place), offset: 0, count }));
    }
    this.invalidate(loaded);
  }
}

/** The frame of a request; undefined for the innermost. */
const frameIdOf = (args: RequestArguments): number | undefined =>
  args.raw['frameId'] === undefined ? undefined : args.integer('frameId');

/** A variable as the answer to `setVariable`. */
function withoutName({ name: _, ...rest }: DebugProtocol.Variable): object {
  return rest;
}

/** Whether a step is asked for by instruction; by line otherwise. */
const byInstruction = (args: RequestArguments): boolean => args.optionalString('granularity') === 'instruction';

function bodyOf(reply: Reply): { body?: object } {
  return reply.body ? { body: reply.body } : {};
}

/** A message for the command line, in terms of launch attributes: `--mode native` is `"mode": "native"` here. */
function inAttributes(message: string): string {
  return message.replace(/--([a-z]+) (\w+(?:\.\w+)*)/g, '"$1": "$2"');
}

/** The reference in a `source` request: in its `source`, or beside it as older clients have it. */
function sourceReference(args: RequestArguments): number {
  const source = args.raw['source'];
  const inner = isRecord(source) ? new RequestArguments(args.command, source) : args;
  return inner.integer('sourceReference', { min: 1 });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failure(request: { seq: number; command: string }, error: unknown): DebugProtocol.ErrorResponse {
  const known = error instanceof errors.UserError;
  const { id, message } = known ? error : errors.internalError(request.command, messageOf(error));
  // Braces in a format would be taken for variables.
  const format = message.replace(/[{}]/g, '');
  return {
    seq: 0,
    type: 'response',
    request_seq: request.seq,
    success: false,
    command: request.command,
    message,
    body: { error: { id, format, showUser: true } },
  };
}
