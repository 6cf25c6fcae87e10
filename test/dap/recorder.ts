/**
 * A DAP client that keeps everything that goes over its connection, and writes it down so that two runs can be compared: without
 * sequence numbers, with the guest's folder as `<sample>`, and with the pieces in which console text arrives put together.
 */
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { encodeMessage, MessageReader } from '../../debug-adapter/dap/transport.ts';

export const SAMPLE = fileURLToPath(new URL('../../guests/sample', import.meta.url));
const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const PATIENCE_MS = 20_000;
const LINE_WIDTH = 110;

/** A request with its answer. */
export interface Exchange {
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly response: DebugProtocol.Response;
}

export class Recorder {
  readonly exchanges: Exchange[] = [];
  /** Whether the log has the capabilities in full. */
  showsCapabilities = false;
  /** Leaves the console out, while requests are sent to a guest that runs: only the clock says what comes first. */
  hidesConsole = false;
  private readonly lines: string[] = [];
  private readonly socket: Socket;
  private readonly reader = new MessageReader();
  private readonly answers = new Map<number, (response: DebugProtocol.Response) => void>();
  private readonly events: DebugProtocol.Event[] = [];
  private readonly console = new Map<string, string>();
  private readonly names = new Map([
    [SAMPLE, '<sample>'],
    [REPOSITORY, '<repository>/'],
  ]);
  private wake: () => void = () => undefined;
  private seq = 1;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      for (const received of this.reader.push(bytes)) {
        if ('error' in received) throw received.error;
        this.take(received.message as DebugProtocol.ProtocolMessage);
      }
    });
  }

  /** Connects to a debug adapter on a port of this machine. */
  static async connect(port: number): Promise<Recorder> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new Recorder(socket);
  }

  /** Writes a path of this machine under a name that is the same everywhere. */
  rename(path: string, name: string): void {
    this.names.set(path, name);
  }

  /** A line of explanation in the log. */
  note(text: string): void {
    this.flushConsole();
    this.lines.push('', `# ${text}`);
  }

  /** Sends a request and waits for its answer, which may be an error. */
  async send(command: string, args: Record<string, unknown> = {}): Promise<DebugProtocol.Response> {
    this.flushConsole();
    const seq = this.seq++;
    this.lines.push(`-> ${command}${this.show(args)}`);
    const response = await this.within(
      command,
      new Promise<DebugProtocol.Response>((resolve) => {
        this.answers.set(seq, resolve);
        this.socket.write(encodeMessage({ seq, type: 'request', command, arguments: args }));
      }),
    );
    this.exchanges.push({ command, args, response });
    return response;
  }

  /** Sends a request that must succeed; returns the body of its answer. */
  async request<T = Record<string, unknown>>(command: string, args: Record<string, unknown> = {}): Promise<T> {
    const { success, message, body } = await this.send(command, args);
    if (!success) throw new Error(`${command}: ${message}`);
    return (body ?? {}) as T;
  }

  /** Waits for the next event of a name that nobody has waited for yet. */
  async event(name: string): Promise<Record<string, unknown>> {
    const find = async (): Promise<DebugProtocol.Event> => {
      for (;;) {
        const at = this.events.findIndex(({ event }) => event === name);
        if (at >= 0) return this.events.splice(at, 1)[0];
        await new Promise<void>((resolve) => (this.wake = resolve));
      }
    };
    return ((await this.within(`event ${name}`, find())).body ?? {}) as Record<string, unknown>;
  }

  close(): void {
    this.socket.destroy();
  }

  /** The log so far. */
  get log(): string {
    this.flushConsole();
    return `${this.lines.join('\n').trim()}\n`;
  }

  private async within<T>(what: string, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer: ${what}; the log so far:\n${this.log}`)), PATIENCE_MS);
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }

  private take(message: DebugProtocol.ProtocolMessage): void {
    if (message.type === 'response') {
      const response = message as DebugProtocol.Response;
      const { success, command, message: text, body } = response;
      this.flushConsole();
      const isElided = command === 'initialize' && success && !this.showsCapabilities;
      this.lines.push(
        isElided
          ? '<- initialize (the capabilities)'
          : success
            ? `<- ${command}${this.show((body ?? {}) as object)}`
            : `<- ${command} failed: ${this.normalize(text ?? '')}`,
      );
      this.answers.get(response.request_seq)?.(response);
      this.answers.delete(response.request_seq);
      return;
    }
    const event = message as DebugProtocol.Event;
    const printed = printedText(event);
    if (printed) {
      if (this.hidesConsole) return;
      // The guest prints while it runs; how its text is cut depends on the clock.
      this.console.set(printed.kind, (this.console.get(printed.kind) ?? '') + printed.text);
    } else {
      this.flushConsole();
      this.lines.push(`<- event ${event.event}${this.show((event.body ?? {}) as object)}`);
      this.events.push(event);
    }
    this.wake();
  }

  private flushConsole(): void {
    for (const [kind, text] of [...this.console].sort(([a], [b]) => a.localeCompare(b)))
      this.lines.push(`<- event ${kind}: ${JSON.stringify(this.normalize(text))}`);
    this.console.clear();
  }

  private show(value: object): string {
    const text = this.normalize(pretty(value, '  '));
    return text === '{}' ? '' : ` ${text}`;
  }

  private normalize(text: string): string {
    let named = text;
    for (const [path, name] of this.names) named = named.replaceAll(path, name);
    return named
      .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
      .replace(/"port": \d+/g, '"port": <port>')
      .replace(/Paused at 0x[0-9a-f]{8}/g, 'Paused at <address>');
  }
}

/** Text of the guest's console in an event, and which event it is. */
function printedText({ event, body }: DebugProtocol.Event): { kind: string; text: string } | undefined {
  const { category, output, text } = (body ?? {}) as Record<string, string | undefined>;
  if (event === 'trapline/console' && text !== undefined) return { kind: event, text };
  return event === 'output' && category === 'stdout' && output !== undefined
    ? { kind: 'output of the guest', text: output }
    : undefined;
}

/** JSON, on one line where that is short enough. */
function pretty(value: unknown, indent: string): string {
  const flat = JSON.stringify(value) ?? 'null';
  if (typeof value !== 'object' || value === null) return flat;
  const spaced = flatJson(value);
  if (spaced.length <= LINE_WIDTH) return spaced;
  const inner = `${indent}  `;
  const items = Array.isArray(value)
    ? value.map((item) => inner + pretty(item, inner))
    : Object.entries(value).map(([name, item]) => `${inner}${JSON.stringify(name)}: ${pretty(item, inner)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${items.join(',\n')}\n${indent}${close}`;
}

function flatJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(flatJson).join(', ')}]`;
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  if (members.length === 0) return '{}';
  return `{ ${members.map(([name, item]) => `${JSON.stringify(name)}: ${flatJson(item)}`).join(', ')} }`;
}
