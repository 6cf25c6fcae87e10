/** Requests of a client: each goes to its handler and is answered exactly once, whatever it is. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { closest } from '../../symbols/closest.ts';
import { isRecord, RequestArguments } from './arguments.ts';
import * as errors from './errors.ts';

/** The answer to a request, and what follows once it has been sent. */
export interface Reply {
  body?: object;
  after?: () => void;
}

export type Handler = (args: RequestArguments, signal: AbortSignal) => Reply | Promise<Reply>;

interface RequestName {
  readonly seq: number;
  readonly command: string;
}

export class Requests {
  private readonly handlers: ReadonlyMap<string, Handler>;
  private readonly send: (response: DebugProtocol.Response) => void;
  private readonly onFailure: (message: string) => void;
  /** Requests in progress, by sequence number. */
  private readonly pending = new Map<number, AbortController>();

  /** `send` takes the answers; `onFailure` is told when what follows an answer fails. */
  constructor(
    handlers: Readonly<Record<string, Handler>>,
    send: (response: DebugProtocol.Response) => void,
    onFailure: (message: string) => void,
  ) {
    this.handlers = new Map(Object.entries(handlers));
    this.send = send;
    this.onFailure = onFailure;
  }

  /** The requests that have a handler. */
  get names(): string[] {
    return [...this.handlers.keys()];
  }

  /** Takes one message, whatever it is. */
  receive(message: unknown): void {
    if (!isRecord(message)) {
      this.refuse(errors.badMessage('the body is not an object'));
      return;
    }
    const { type, seq, command } = message;
    if (type === 'response' || type === 'event') return;
    if (type !== 'request') {
      this.refuse(errors.badMessage('"type" is not "request"'));
      return;
    }
    if (typeof seq !== 'number') {
      this.refuse(errors.badMessage('"seq" is not a number'));
      return;
    }
    const request = { seq, command: typeof command === 'string' ? command : '' };
    void this.answer(request, message['arguments']);
  }

  /** Tells the client about bytes or messages that belong to no request. */
  refuse(error: errors.UserError): void {
    this.send(failure({ seq: 0, command: '' }, error));
  }

  /** Cancels a request in progress; does nothing when it has been answered. */
  cancel(seq: number): void {
    this.pending.get(seq)?.abort();
  }

  cancelAll(): void {
    for (const controller of this.pending.values()) controller.abort();
  }

  /** The request in progress that a signal belongs to, as the id of its progress. */
  idOf(signal: AbortSignal): string {
    const [seq] = [...this.pending].find(([, controller]) => controller.signal === signal) ?? [];
    return String(seq);
  }

  private async answer(request: RequestName, values: unknown): Promise<void> {
    const { seq, command } = request;
    const controller = new AbortController();
    this.pending.set(seq, controller);
    let after: (() => void) | undefined;
    try {
      const handler = this.handlers.get(command);
      if (!handler) throw errors.unknownRequest(command, closest(command, this.names));
      const result = handler(new RequestArguments(command, values), controller.signal);
      const reply = result instanceof Promise ? await result : result;
      if (controller.signal.aborted) throw errors.requestCancelled();
      const body = reply.body ? { body: reply.body } : {};
      this.send({ seq: 0, type: 'response', request_seq: seq, success: true, command, ...body });
      after = reply.after;
    } catch (error) {
      this.send(failure(request, error));
    } finally {
      // A client that uses a number twice must not have its other request forgotten.
      if (this.pending.get(seq) === controller) this.pending.delete(seq);
    }
    try {
      after?.();
    } catch (error) {
      this.onFailure(messageOf(error));
    }
  }
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failure(request: RequestName, error: unknown): DebugProtocol.ErrorResponse {
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
