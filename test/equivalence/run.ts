/**
 * `npm run equivalence`: the Linux boot, virtualized and native side by side, compared at every exit.
 * Options: `--guest PATH`, `--full` (a busy shell after the boot), `--instructions N`, `--append TEXT`.
 */
import { parseArgs } from 'node:util';
import { createMachine } from '../../debug-adapter/launch/create-machine.ts';
import { nodeFileSystem } from '../../debug-adapter/launch/node-file-system.ts';
import { resolveGuest } from '../../debug-adapter/launch/resolve-guest.ts';
import type { Machine } from '../../emulator/machine.ts';
import { Comparison } from './comparison.ts';

const BUSY_SHELL = [
  'cd /tmp; for i in 1 2 3 4 5 6 7 8; do (echo $i; ls / | sort -r | head -3) | cat > f$i; done; cat f*',
  'ps; mount; dmesg | tail -5; cat /proc/interrupts; i=0; while [ $i -lt 20 ]; do true | false; i=$((i+1)); done',
  'dd if=/dev/zero of=z bs=64k count=20; cp z y; cmp z y && rm z y; echo EQUIVALENCE-DONE',
];

const { values } = parseArgs({
  options: {
    guest: { type: 'string', default: 'guests/linux' },
    full: { type: 'boolean', default: false },
    instructions: { type: 'string', default: '1000000000000' },
    append: { type: 'string' },
  },
});

async function makePair(): Promise<{ virtualized: Machine; native: Machine }> {
  const append = values.append ?? (values.full ? undefined : 'console=ttyAMA0 earlyprintk lpj=500000');
  const make = async (mode: string): Promise<Machine> => {
    const guest = await resolveGuest(values.guest, { mode, ...(append !== undefined && { append }) }, nodeFileSystem);
    const { machine } = await createMachine(guest, { patchedNative: true });
    if (values.full) machine.input.type(new TextEncoder().encode(`${BUSY_SHELL.join('\n')}\n`));
    return machine;
  };
  return { virtualized: await make('lpv'), native: await make('native') };
}

/** Narrows the first difference down to one instruction: equal before it, different after it. */
async function bisect(low: number, high: number): Promise<void> {
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const { virtualized, native } = await makePair();
    virtualized.run(middle);
    const lines = new Comparison(virtualized, native).differenceNow();
    if (lines) high = middle;
    else low = middle;
  }
  const { virtualized, native } = await makePair();
  virtualized.run(low);
  const pc = virtualized.vcpu.readRegister(15) >>> 0;
  virtualized.run(1);
  const lines = new Comparison(virtualized, native).differenceNow() ?? ['(equal when run without stops)'];
  console.log(`First difference after instruction ${high}, at PC 0x${pc.toString(16)}:\n  ${lines.join('\n  ')}`);
}

const { virtualized, native } = await makePair();
const marker = values.full ? /EQUIVALENCE-DONE\r?\n/ : /GUEST-BOOT-OK/;
let text = '';
let nativeText = '';
const [port] = virtualized.board.serial;
const [nativePort] = native.board.serial;
port.onOutput = (byte) => (text += String.fromCharCode(byte));
nativePort.onOutput = (byte) => (nativeText += String.fromCharCode(byte));
const started = performance.now();
const result = new Comparison(virtualized, native).run(Number(values.instructions), () =>
  marker.test(text.slice(-4096)),
);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  `${result.instructions} instructions (${seconds} s), stop: ${result.stop}; compared registers ` +
    `${result.registerPoints} times, RAM ${result.ramPoints} times (${result.pages} dirty pages); ` +
    `console ${text === nativeText ? 'equal' : 'DIFFERENT'} (${text.length} characters)`,
);
if (result.difference) {
  const { lastEqual, count, lines } = result.difference;
  console.log(`Different between ${lastEqual} and ${count}:\n  ${lines.join('\n  ')}`);
  await bisect(lastEqual, count);
  process.exitCode = 1;
} else if (
  text !== nativeText ||
  (result.stop === 'budget' && !marker.test(text) && values.instructions === '1000000000000')
) {
  console.log('The run did not reach its marker, or the consoles differ.');
  process.exitCode = 1;
}
