/** A guest of ours with gdb-multiarch attached to it through our stub: both look at the machine where it stands. */
import { RequestArguments } from '../../../debug-adapter/dap/arguments.ts';
import type { FrameContext } from '../../../debug-adapter/dap/frame-context.ts';
import { Guest } from '../../../debug-adapter/dap/guest.ts';
import { parseLaunchArguments } from '../../../debug-adapter/dap/launch-arguments.ts';
import { Listings } from '../../../debug-adapter/dap/listings.ts';
import { loadGuest } from '../../../debug-adapter/dap/load-guest.ts';
import { Stack, THREAD } from '../../../debug-adapter/dap/stack.ts';
import { nodeFileSystem } from '../../../debug-adapter/launch/node-file-system.ts';
import { startGdbServer, type GdbServer } from '../../../debug-adapter/node-gdb-server.ts';
import type { ExecutionMode } from '../../../emulator/vm.ts';
import { GdbSession } from './gdb-session.ts';

/** A line of our call stack. */
export interface OurFrame {
  readonly name: string;
  readonly pc: number;
  /** Where its symbol begins. */
  readonly start: number | undefined;
  /** Where the symbol begins that the byte before the pc belongs to. */
  readonly startBefore: number | undefined;
  /** The address of any symbol. */
  readonly addressOf: (symbol: string) => number | undefined;
  /** Inlined into the next frame of the list. */
  readonly isInlined: boolean;
  /** A register by its name; undefined when it is not known. */
  readonly register: (name: string) => number | undefined;
  /** Undefined in code that no file has debug information for. */
  readonly context: FrameContext | undefined;
}

/** How often the machine looks whether the text that ends a measurement has come. */
const SLICE = 1_000_000;

export class LiveMachine {
  readonly guest: Guest;
  readonly gdb: GdbSession;
  private readonly server: GdbServer;
  private readonly stack: Stack;

  private constructor(guest: Guest, server: GdbServer, gdb: GdbSession) {
    this.guest = guest;
    this.server = server;
    this.gdb = gdb;
    this.stack = new Stack(guest, new Listings());
  }

  /** Loads a guest, standing at its first instruction. `file` is its kernel with debug information. */
  static async start(program: string, file: string, mode: ExecutionMode): Promise<LiveMachine> {
    const guest = await load(program, mode);
    const server = await startGdbServer(guest.runner, { port: 0 });
    return new LiveMachine(guest, server, new GdbSession(file, server.port));
  }

  /** Types into the console as soon as the guest listens. */
  type(text: string): void {
    this.guest.machine.input.type(new TextEncoder().encode(text));
  }

  /** Runs to an instruction count. Returns whether the guest came that far. */
  runTo(instructions: number): boolean {
    const { machine } = this.guest;
    while (machine.vcpu.instructions < instructions) {
      const before = machine.vcpu.instructions;
      const stop = machine.run(instructions - before);
      if (stop !== 'budget') return false;
    }
    this.moved();
    return true;
  }

  /** Forgets the stack: the machine has moved or was changed. */
  moved(): void {
    this.stack.invalidate();
  }

  /** Our call stack. */
  frames(): OurFrame[] {
    const { stackFrames } = this.stack.trace(new RequestArguments('stackTrace', { threadId: THREAD }));
    const addressOf = (symbol: string): number | undefined => this.guest.symbols.find(symbol)?.address;
    const contexts = stackFrames.map(({ id }) => this.stack.context(id));
    return stackFrames.map(({ name, instructionPointerReference }, i) => ({
      name,
      pc: Number(instructionPointerReference),
      start: addressOf(name),
      startBefore: this.guest.symbols.at(Number(instructionPointerReference) - 1)?.address,
      addressOf,
      register: (register) => contexts[i]?.target.readRegister?.(register),
      isInlined: (contexts[i + 1]?.frameIndex ?? 0) > 0,
      context: contexts[i]?.pc === undefined ? undefined : contexts[i],
    }));
  }

  async close(): Promise<void> {
    await this.gdb.close();
    await this.server.close();
  }
}

async function load(program: string, mode: ExecutionMode): Promise<Guest> {
  return new Guest(await loadGuest(parseLaunchArguments({ program, mode }), nodeFileSystem, '.'), setImmediate);
}

/** How many instructions a guest takes until its console shows a text. Rejects when it does not come in `most`. */
export async function instructionsUntil(text: string, program: string, mode: ExecutionMode, most: number) {
  const { machine } = await load(program, mode);
  let shown = '';
  machine.board.serial[0].onOutput = (byte) => (shown += String.fromCharCode(byte));
  while (!shown.includes(text)) {
    const stop = machine.run(SLICE);
    if (stop !== 'budget' || machine.vcpu.instructions > most)
      throw new Error(`${program} has not printed ${JSON.stringify(text)} (${stop})`);
  }
  return machine.vcpu.instructions;
}
