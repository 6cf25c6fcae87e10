/** Ctrl-A commands in what is typed at a terminal, as QEMU has them. */

const CTRL_A = 0x01;

export type EscapeCommand = 'leave' | 'help';

/** What a piece of typing holds: bytes for the guest, and commands for us. */
export interface Typed {
  bytes: number[];
  commands: EscapeCommand[];
}

export const ESCAPE_HELP = [
  'Ctrl-A H       this help',
  'Ctrl-A X       leave',
  'Ctrl-A Ctrl-A  send Ctrl-A to the guest',
].join('\r\n');

/** Takes Ctrl-A sequences out of a stream of keys; a sequence may be split between two pieces. */
export class EscapeKey {
  private pending = false;

  push(keys: Uint8Array): Typed {
    const typed: Typed = { bytes: [], commands: [] };
    for (const key of keys) {
      if (!this.pending) {
        if (key === CTRL_A) this.pending = true;
        else typed.bytes.push(key);
        continue;
      }
      this.pending = false;
      const letter = String.fromCharCode(key).toLowerCase();
      if (letter === 'x') typed.commands.push('leave');
      else if (letter === 'h') typed.commands.push('help');
      else if (key === CTRL_A) typed.bytes.push(CTRL_A);
    }
    return typed;
  }
}
