/** Typing into the guest's console from stdin: keys of a terminal in raw mode, or the bytes of a pipe or a file. */
import type { ReadStream } from 'node:tty';
import { type EscapeCommand, EscapeKey } from './escape-key.ts';

export interface InputHandlers {
  onBytes: (bytes: Iterable<number>) => void;
  onCommand: (command: EscapeCommand) => void;
  /** Characters that the guest has not yet taken. */
  pending: () => number;
}

/** With this many characters waiting, a pipe is not read further. */
const MOST_PENDING = 1 << 16;
const RETRY_MS = 20;

/** Connects stdin. Returns how to disconnect it, which also puts the terminal back. The end of stdin ends nothing. */
export function connectInput(stdin: ReadStream, handlers: InputHandlers): () => void {
  const isTerminal = stdin.isTTY;
  const escape = new EscapeKey();
  let retry: NodeJS.Timeout | undefined;
  const restore = (): void => {
    if (isTerminal) stdin.setRawMode(false);
  };
  const onData = (data: Uint8Array): void => {
    if (!isTerminal) {
      handlers.onBytes(data);
      if (handlers.pending() > MOST_PENDING) hold();
      return;
    }
    const { bytes, commands } = escape.push(data);
    if (bytes.length > 0) handlers.onBytes(bytes);
    for (const command of commands) handlers.onCommand(command);
  };
  const hold = (): void => {
    stdin.pause();
    retry = setTimeout(() => (handlers.pending() > MOST_PENDING ? hold() : void stdin.resume()), RETRY_MS);
  };
  if (isTerminal) {
    stdin.setRawMode(true);
    // However the process ends, the terminal must not stay raw.
    process.on('exit', restore);
  }
  stdin.on('error', () => undefined);
  stdin.on('data', onData);
  return () => {
    clearTimeout(retry);
    stdin.off('data', onData);
    stdin.pause();
    restore();
    process.off('exit', restore);
  };
}
