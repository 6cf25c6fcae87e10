/** `trapline gdb`: serves the GDB remote protocol on a machine that stands at reset, or at a guest's entry. */
import { Runner } from '../emulator/runner.ts';
import { type Command, type ParsedArguments } from './command.ts';
import { ConsoleOutput } from './console-output.ts';
import { DEBUG_OPTION, HYPERVISOR_OPTIONS, loadGuest, MACHINE_OPTIONS } from './guest.ts';
import { listenForGdb } from './listen-for-gdb.ts';

const DEFAULT_PORT = 1234;

export const command: Command = {
  name: 'gdb',
  positional: '[GUEST]',
  summary:
    'Serves the GDB remote protocol on 127.0.0.1. The guest stands at its entry; without one, an empty Versatile PB stands ' +
    'at address 0, with RAM from there. Its console goes to stdout.',
  options: {
    port: { value: 'PORT', help: `TCP port, 0 for any; default ${DEFAULT_PORT}` },
    ...MACHINE_OPTIONS,
    ...HYPERVISOR_OPTIONS,
    ...DEBUG_OPTION,
  },
  notes: 'Connect with: gdb-multiarch VMLINUX -ex "target remote :1234". "monitor help" lists further commands.',
  run,
};

async function run(args: ParsedArguments): Promise<number> {
  const port = args.integer('port', 0, 65535) ?? DEFAULT_PORT;
  const guest = await loadGuest(args.onePositional('guest'), args);
  const { machine } = guest;
  const output = new ConsoleOutput(process.stdout);
  const [serial] = machine.board.serial;
  if (serial)
    serial.onOutput = (byte) => {
      output.put(byte);
    };
  const runner = new Runner(machine, (task) => output.whenReady(() => void setImmediate(task)));
  const server = await listenForGdb(runner, port, { reset: () => guest.reset(), tasks: () => guest.tasks() });
  process.stdin.on('data', (bytes: Uint8Array) => runner.type(bytes));
  process.stdin.on('error', () => undefined);
  return new Promise((resolve) => {
    const end = (signal: NodeJS.Signals): void => {
      void server.close().then(() => resolve(signal === 'SIGINT' ? 130 : 143));
    };
    process.on('SIGINT', end);
    process.on('SIGTERM', end);
  });
}
