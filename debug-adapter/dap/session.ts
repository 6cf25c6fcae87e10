/**
 * A debug session. It only wires requests to the parts that answer them; it knows no file system, no socket and no
 * editor, so it runs in Node, in an extension host and in a browser worker.
 */
import { DebugSession, Event } from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { closest } from '../../symbols/closest.ts';
import { isRecord, RequestArguments } from './arguments.ts';
import { parseAttachArguments, type AttachArguments } from './attach-arguments.ts';
import { Breakpoints } from './breakpoints.ts';
import { breakpointLocations, whyNotBound } from './breakpoint-questions.ts';
import type { GuestTest } from '../guest-tests/guest-test.ts';
import type { TestFinishedBody } from '../protocol.ts';
import { CAPABILITIES } from './capabilities.ts';
import { completions } from './completions.ts';
import { CoverageRecord, coverageRequest } from './coverage-request.ts';
import { DataBreakpoints } from './data-breakpoints.ts';
import { Debuggee } from './debuggee.ts';
import { disassembleRequest } from './disassembly.ts';
import * as errors from './errors.ts';
import { commandNames, explicitCommand, runCommand } from './console-commands.ts';
import { consoleInput } from './evaluate.ts';
import { ExceptionFilters } from './exception-filters.ts';
import { exitLogRequest, exitsRequest } from './exits-requests.ts';
import type { AdapterHost, Guest, LoadedGuest } from './guest.ts';
import { SessionTest } from './guest-test.ts';
import { Listings, LISTING_MIME_TYPE } from './listings.ts';
import { parseLaunchArguments, type LaunchArguments } from './launch-arguments.ts';
import { machineRequest } from './machine-request.ts';
import { readMemoryRequest, writeMemoryRequest } from './memory.ts';
import { loadedSources, moduleEvents, modules } from './modules.ts';
import { unlessCancelled, withProgress } from './progress.ts';
import { messageOf, Requests, type Handler, type Reply } from './requests.ts';
import type { RunControl, Stop } from './run-control.ts';
import { pageTablesRequest, translationRequest } from './translation-requests.ts';
import { lineExitsRequest, locateRequest } from './source-requests.ts';
import { goTo, gotoTargets, stepInTargets } from './targets.ts';
import { formatPlace, type MemoryPlace } from './address.ts';

/** Rows of each list in the report of a run that is over. */
const MOST_LAST_ROWS = 1000;

export class TraplineSession extends DebugSession {
  /** Called once, when the client has disconnected. */
  onDisconnect: (() => void) | undefined;
  private readonly host: AdapterHost;
  private readonly requestLoop: Requests;
  private readonly listings = new Listings();
  private readonly exceptions = new ExceptionFilters();
  private readonly breakpoints = new Breakpoints(this.listings, [this.exceptions]);
  private readonly dataBreakpoints = new DataBreakpoints();
  private client: Readonly<Record<string, unknown>> = {};
  private launchArguments: LaunchArguments | undefined;
  private attachArguments: AttachArguments | undefined;
  private loaded: Debuggee | undefined;
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
    this.requestLoop = new Requests(
      { ...this.lifecycle(), ...inspecting, ...running },
      (response) => this.sendResponse(response),
      (message) => this.say(message, 'important'),
    );
  }

  /** The requests that have a handler. */
  get requests(): string[] {
    return this.requestLoop.names;
  }

  /** Tells the client about bytes or messages that belong to no request. */
  reportBadMessage(error: errors.UserError): void {
    this.requestLoop.refuse(error);
  }

  /** Takes one message, whatever it is: a request is answered exactly once. */
  override handleMessage(message: unknown): void {
    this.requestLoop.receive(message);
  }

  /** Ends or leaves the guest and releases what belongs to it. Safe to call twice. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.requestLoop.cancelAll();
    this.unload();
    this.onDisconnect?.();
  }

  private lifecycle(): Record<string, Handler> {
    return {
      initialize: (args) => {
        this.client = args.raw;
        return { body: CAPABILITIES };
      },
      launch: (args, signal) => this.launch(args, signal),
      attach: (args, signal) => this.attach(args, signal),
      configurationDone: (args) => {
        const { run } = this.need(args);
        if (this.configured) return {};
        this.configured = true;
        const { attachArguments: attached } = this;
        if (attached) return { after: () => run.join(attached.stopOnAttach) };
        return { after: () => run.start(this.launchArguments?.stopOnEntry ?? false) };
      },
      restart: (args, signal) => this.restart(args, signal),
      terminate: () => {
        const { loaded } = this;
        const attachment = loaded?.guest.attachment;
        // The end of a guest that was attached to is reported as any other.
        if (attachment) return { after: () => attachment.terminate() };
        loaded?.run.dispose();
        return {
          after: () => {
            this.sendLastExits();
            this.sendEvent(new Event('terminated'));
          },
        };
      },
      disconnect: (args) => {
        const attachment = args.boolean('terminateDebuggee') ? this.loaded?.guest.attachment : undefined;
        return {
          after: () => {
            attachment?.terminate();
            this.close();
          },
        };
      },
      cancel: (args) => {
        // A progress has the id of its request.
        const id = args.raw['requestId'] ?? args.raw['progressId'];
        this.requestLoop.cancel(Number(id));
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
      'trapline/coverage': (args) => ({ body: coverageRequest(this.need(args).coverage, args) }),
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
      'trapline/whyNotBound': (args) => {
        const { breakpoints, dataBreakpoints: data, exceptions: filters } = this;
        return { body: whyNotBound(guest(args), { breakpoints, data, filters }, args) };
      },
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
    if (this.launchArguments || this.attachArguments) throw errors.alreadyLaunched();
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

  private async attach(args: RequestArguments, signal: AbortSignal): Promise<Reply> {
    if (this.launchArguments || this.attachArguments) throw errors.alreadyLaunched();
    const parsed = parseAttachArguments(args.raw);
    const { host } = this;
    if (!host.attach) throw errors.nothingToAttachTo();
    this.attachArguments = parsed;
    try {
      this.use(
        await this.awaitGuest('Reading the symbols of the guest', signal, () => host.attach!(parsed, signal)),
        false,
      );
    } catch (error) {
      this.attachArguments = undefined;
      throw error;
    }
    return {
      after: () => {
        this.sendEvent(new Event('capabilities', { capabilities: { supportsRestartRequest: false } }));
        this.sendEvent(new Event('initialized'));
      },
    };
  }

  private async restart(args: RequestArguments, signal: AbortSignal): Promise<Reply> {
    this.need(args);
    if (this.attachArguments) throw errors.cannotRestartAttached();
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
    const loaded = await this.awaitGuest('Loading the guest', signal, () => this.host.load(args, signal));
    const debuggee = this.use(loaded, args.noDebug);
    if (args.coverage) debuggee.coverage = new CoverageRecord(debuggee.guest);
    if (args.test !== undefined) this.startTest(debuggee, loaded.tests ?? [], args.test);
    if (args.gdbPort !== undefined) await this.serveGdb(debuggee, args.gdbPort);
  }

  private startTest(debuggee: Debuggee, tests: readonly GuestTest[], name: string): void {
    debuggee.test = new SessionTest(debuggee.guest, tests, name, {
      halt: () => debuggee.run.halt(),
      onVerdict: (verdict) => {
        if (this.loaded !== debuggee) return;
        debuggee.console.flush();
        this.sendEvent(new Event('trapline/testFinished', { name, ...verdict } satisfies TestFinishedBody));
        // What has been executed is asked for before the client disconnects.
        if (!debuggee.coverage)
          this.ended(verdict.passed ? 0 : 1, `the test has ${verdict.passed ? 'passed' : 'failed'}`);
      },
    });
  }

  /** Waits for a guest, showing progress; gives up as soon as the request is cancelled. */
  private async awaitGuest(title: string, signal: AbortSignal, load: () => Promise<LoadedGuest>): Promise<LoadedGuest> {
    const isShown = this.client['supportsProgressReporting'] === true;
    const cancellable = (): Promise<LoadedGuest> =>
      unlessCancelled(load(), signal, (late) => late.attachment?.detach());
    const loading = isShown
      ? withProgress((event) => this.sendEvent(event), this.requestLoop.idOf(signal), title, cancellable)
      : cancellable();
    return loading.catch((error: unknown) => {
      throw error instanceof errors.UserError ? error : errors.launchFailed(inAttributes(messageOf(error)));
    });
  }

  /** Makes a guest that of this session, in place of the one before. */
  private use(loadedGuest: LoadedGuest, noDebug: boolean): Debuggee {
    const statsWanted = this.loaded?.stats.wanted ?? false;
    const modulesBefore = this.loaded?.guest.symbols.files.length ?? 0;
    this.unload();
    const breakpoints = noDebug ? new Breakpoints(this.listings) : this.breakpoints;
    const data = noDebug ? new DataBreakpoints() : this.dataBreakpoints;
    const lasting = { listings: this.listings, breakpoints, data };
    const loaded = new Debuggee(loadedGuest, this.host.schedule, lasting, {
      stopped: (stop) => this.stopped(stop),
      ended: (exitCode, text) => this.ended(exitCode, text),
      resumed: (byOther) => {
        this.exceptions.forget();
        if (byOther)
          this.sendEvent(new Event('continued', { threadId: loaded.stack.currentThread, allThreadsContinued: true }));
      },
      printed: (text) => this.consoleText(text),
      statsChanged: (body) => this.sendEvent(new Event('trapline/statsChanged', body)),
    });
    this.loaded = loaded;
    if (statsWanted) loaded.stats.want();
    for (const logging of [breakpoints, data, this.exceptions]) logging.onMessage = (text) => this.say(text);
    this.exceptions.bind(loaded.guest);
    breakpoints.bind(loaded.guest);
    data.bind(loaded.guest);
    for (const event of moduleEvents(loaded.guest, modulesBefore)) this.sendEvent(new Event('module', event));
    for (const note of loadedGuest.notes ?? []) this.say(note);
    return loaded;
  }

  private async serveGdb(loaded: Debuggee, port: number): Promise<void> {
    if (!this.host.serveGdb) throw errors.launchFailed('"gdbPort" needs a desktop: no ports can be opened here.');
    const server = await this.host.serveGdb(loaded.guest, port).catch((error: unknown) => {
      throw errors.launchFailed(`Cannot serve GDB on port ${port}: ${messageOf(error)}.`);
    });
    loaded.closeGdb = () => server.close();
    this.say(`GDB can connect to 127.0.0.1:${server.port}.`);
  }

  private unload(): void {
    const { loaded } = this;
    this.loaded = undefined;
    loaded?.dispose();
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
  private command(loaded: Debuggee, text: string, args: RequestArguments): string | undefined {
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

  private type(loaded: Debuggee, text: string): void {
    if (text === '') throw errors.emptyInput();
    loaded.guest.runner.type(new TextEncoder().encode(text));
  }

  private need(args: RequestArguments): Debuggee {
    if (!this.loaded) throw errors.notLaunched(args.command);
    return this.loaded;
  }

  private forThread(args: RequestArguments): Debuggee {
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
    if (this.loaded?.test?.ended(text) === true) return;
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
    if ((this.launchArguments ?? this.attachArguments)?.console === 'terminal') return;
    this.sendEvent(new Event('output', { category: 'stdout', output: text }));
  }

  private say(line: string, category: 'console' | 'important' = 'console'): void {
    this.sendEvent(new Event('output', { category, output: `${line}\n` }));
  }

  /** Something was written. A client that is told of a new stack shows its source, and takes the keyboard there. */
  private invalidate(loaded: Debuggee): void {
    const hasNewStack = loaded.stack.refresh();
    if (this.client['supportsInvalidatedEvent'] !== true) return;
    const areas = hasNewStack ? ['stacks', 'variables'] : ['variables'];
    this.sendEvent(new Event('invalidated', { areas }));
  }

  private memoryWritten(loaded: Debuggee, place: MemoryPlace, count: number): void {
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
