/**
 * `npm run equivalence`: the sample kernel's whole session and the Linux boot, each virtualized and native side by side,
 * compared at every exit.
 * Options: `--guest PATH` (one guest only), `--full` (a busy shell after the Linux boot), `--instructions N`,
 * `--append TEXT`, `--input TEXT` (typed into the guest) with `--until REGEX`, and `--unpatched`: the original kernel beside the paravirtualized one, both native, with the words
 * that differ. `--savings LIST`, `--mode-switch NAME` and `--check` choose how the hypervisor works; `--matrix` runs
 * every strategy with every set of savings, one after another.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { unescapeText } from '../../cli/unescape-text.ts';
import { parseModeSwitch, parseSavings, type HypervisorOptions } from '../../hypervisor/options.ts';
import { guestMachine, LINUX_GUEST, SAMPLE_GUEST, type GuestMachine, type GuestOptions } from '../guest-machine.ts';
import { SELFTEST_OK, typed } from '../sample/session.ts';
import { COMBINATIONS, combinationName } from '../hypervisor/combinations.ts';
import { Comparison } from './comparison.ts';
import { compareUnpatched } from './unpatched.ts';

/** A run that is compared. */
interface Subject {
  readonly guest: string;
  readonly options: GuestOptions;
  /** What the console must show. */
  readonly marker: RegExp;
  /** Runs until the guest halts, not only to the marker. */
  readonly toTheEnd: boolean;
}

const BUSY_SHELL = [
  'cd /tmp; for i in 1 2 3 4 5 6 7 8; do (echo $i; ls / | sort -r | head -3) | cat > f$i; done; cat f*',
  'ps; mount; dmesg | tail -5; cat /proc/interrupts; i=0; while [ $i -lt 20 ]; do true | false; i=$((i+1)); done',
  'dd if=/dev/zero of=z bs=64k count=20; cp z y; cmp z y && rm z y; echo EQUIVALENCE-$((6 * 7))',
];

const { values } = parseArgs({
  options: {
    guest: { type: 'string' },
    full: { type: 'boolean', default: false },
    instructions: { type: 'string', default: '1000000000000' },
    append: { type: 'string' },
    input: { type: 'string' },
    until: { type: 'string' },
    unpatched: { type: 'boolean', default: false },
    'mode-switch': { type: 'string' },
    savings: { type: 'string' },
    check: { type: 'boolean', default: false },
    matrix: { type: 'boolean', default: false },
  },
});

const chosen: HypervisorOptions = {
  ...(values['mode-switch'] !== undefined && { modeSwitch: parseModeSwitch(values['mode-switch']) }),
  ...(values.savings !== undefined && { savings: parseSavings(values.savings) }),
};

function linux(guest: string, hypervisor: HypervisorOptions): Subject {
  const append = values.append ?? (values.full ? undefined : 'console=ttyAMA0 earlyprintk lpj=500000');
  const options = {
    hypervisor,
    ...(append !== undefined && { append }),
    ...(values.full && { input: `${BUSY_SHELL.join('\n')}\n` }),
    ...(values.input !== undefined && { input: new TextDecoder().decode(unescapeText(values.input)) }),
  };
  const usual = values.full ? /EQUIVALENCE-42/ : /GUEST-BOOT-OK/;
  const marker = values.until === undefined ? usual : new RegExp(values.until, 'm');
  return { guest, options, marker, toTheEnd: false };
}

function sample(guest: string, hypervisor: HypervisorOptions): Subject {
  return { guest, options: { hypervisor, input: typed() }, marker: SELFTEST_OK, toTheEnd: true };
}

function subjects(choice: HypervisorOptions): Subject[] {
  const { guest } = values;
  const hypervisor = { ...choice, checkShadow: values.check };
  if (guest === undefined) return [sample(SAMPLE_GUEST, hypervisor), linux(LINUX_GUEST, hypervisor)];
  return [resolve(guest) === resolve(SAMPLE_GUEST) ? sample(guest, hypervisor) : linux(guest, hypervisor)];
}

async function makePair({ guest, options }: Subject): Promise<{ virtualized: GuestMachine; native: GuestMachine }> {
  return {
    virtualized: await guestMachine(guest, 'lpv', options),
    native: await guestMachine(guest, 'native', options),
  };
}

/** Narrows the first difference down to one instruction: equal before it, different after it. */
async function bisect(subject: Subject, low: number, high: number): Promise<void> {
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const { virtualized, native } = await makePair(subject);
    virtualized.machine.run(middle);
    const lines = new Comparison(virtualized.machine, native.machine).differenceNow();
    if (lines) high = middle;
    else low = middle;
  }
  const { virtualized, native } = await makePair(subject);
  const { machine } = virtualized;
  machine.run(low);
  const pc = machine.vcpu.readRegister(15) >>> 0;
  machine.run(1);
  const lines = new Comparison(machine, native.machine).differenceNow() ?? ['(equal when run without stops)'];
  console.log(`First difference after instruction ${high}, at PC 0x${pc.toString(16)}:\n  ${lines.join('\n  ')}`);
}

let started = performance.now();
const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1);
const limit = Number(values.instructions);
/** Points compared in all runs. */
const total = { registers: 0, ram: 0, runs: 0, different: 0 };

async function compareModes(subject: Subject): Promise<void> {
  const { virtualized, native } = await makePair(subject);
  const reached = (): boolean => subject.marker.test(virtualized.console().slice(-4096));
  const result = new Comparison(virtualized.machine, native.machine).run(limit, () => !subject.toTheEnd && reached());
  const equal = virtualized.console() === native.console();
  total.runs++;
  total.registers += result.registerPoints;
  total.ram += result.ramPoints;
  const way = combinationName(subject.options.hypervisor ?? {});
  console.log(
    `${subject.guest} (${way}): ${result.instructions} instructions (${seconds()} s), stop: ${result.stop}; compared registers ` +
      `${result.registerPoints} times, RAM ${result.ramPoints} times (${result.pages} dirty pages); ` +
      `console ${equal ? 'equal' : 'DIFFERENT'} (${virtualized.console().length} characters)`,
  );
  if (result.difference) {
    const { lastEqual, count, lines } = result.difference;
    console.log(`Different between ${lastEqual} and ${count}:\n  ${lines.join('\n  ')}`);
    total.different++;
    await bisect(subject, lastEqual, count);
    process.exitCode = 1;
  } else if (!equal || (!reached() && result.instructions < limit)) {
    console.log('The run did not reach its marker, or the consoles differ.');
    process.exitCode = 1;
  } else if (subject.toTheEnd && result.stop !== 'halted' && result.instructions < limit) {
    console.log('The guest did not halt.');
    process.exitCode = 1;
  }
}

async function compareKernels({ guest, options, marker }: Subject): Promise<void> {
  const report = await compareUnpatched(limit, options, (console) => marker.test(console.slice(-4096)), guest);
  const { instructions, points, differentPoints, differentRegisters, trapWords, otherWords, problems } = report;
  console.log(
    `${guest}: ${instructions} instructions (${seconds()} s): the original and the paravirtualized kernel, both native, with the ` +
      `same console and guest time at ${points} counts.\n` +
      `Registers held different values at ${differentPoints} of them (${differentRegisters.join(' ') || 'none'}).\n` +
      `RAM at the end: ${trapWords} trap words, ${otherWords.length} other words that differ.`,
  );
  const hex = (value: number): string => value.toString(16).padStart(8, '0');
  for (const { address, original, paravirtualized } of otherWords.slice(0, 50))
    console.log(`  ${hex(address)}: original ${hex(original)}, paravirtualized ${hex(paravirtualized)}`);
  for (const problem of problems) console.log(problem);
  if (problems.length > 0) process.exitCode = 1;
}

if (values.matrix && (values.savings !== undefined || values['mode-switch'] !== undefined || values.unpatched))
  throw new Error('--matrix runs every combination: leave --savings, --mode-switch and --unpatched out');
for (const options of values.matrix ? COMBINATIONS : [chosen])
  for (const subject of subjects(options)) {
    started = performance.now();
    await (values.unpatched ? compareKernels(subject) : compareModes(subject));
  }
if (!values.unpatched)
  console.log(
    `${total.runs} runs, ${total.different} different: registers compared at ${total.registers} points, RAM at ${total.ram}`,
  );
