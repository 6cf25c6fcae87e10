/** What breakpoints cost that do not stop: conditions that are false a million times, and thousands that are never met. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { connect } from '../debug-adapter/dap/session.testing.ts';
import { createMachine } from '../debug-adapter/launch/create-machine.ts';
import { nodeFileSystem } from '../debug-adapter/launch/node-file-system.ts';
import { resolveGuest } from '../debug-adapter/launch/resolve-guest.ts';
import { REGISTER } from '../emulator/registers.ts';
import type { ExecutionMode } from '../emulator/vm.ts';
import type { ElfFile } from '../formats/elf.ts';
import { SYMBOL_TYPE } from '../formats/elf-symbols.ts';
import { median } from './measure.ts';
import { buildProgram, canBuildPrograms, type Program } from './programs.ts';

const HITS = 1_000_000;
const MINUTE = 60_000;
/** A function of the program `hits.c`, with conditions that are never true. */
interface Workload {
  readonly title: string;
  readonly phase: number;
  readonly name: string;
  /** In C, over registers, arguments and memory; and one that only a count decides. */
  readonly breakpoints: readonly (readonly [title: string, breakpoint: object])[];
}

const WORKLOADS: readonly Workload[] = [
  {
    title: 'hash of a name of 15 bytes',
    phase: 1,
    name: 'name_hash',
    breakpoints: [
      ['length == 3', { condition: 'length == 3' }],
      ["name[0] == 'x' && length > seed", { condition: "name[0] == 'x' && length > seed" }],
      ['hit count =2000000', { hitCondition: '=2000000' }],
      ['(double)length == 3, evaluated outside', { condition: '(double)length == 3' }],
    ],
  },
  {
    title: 'the shortest function',
    phase: 2,
    name: 'next',
    breakpoints: [
      ['seed == 0', { condition: 'seed == 0' }],
      ['hit count =2000000', { hitCondition: '=2000000' }],
    ],
  },
];

function program({ phase }: Workload): Program {
  const run = { iterations: HITS, sum: '', millions: 0 };
  return { name: `hits${phase}`, title: '', source: 'hits.c', phase, debug: true, short: run, long: run };
}

/** Milliseconds and instructions of the million calls, with a breakpoint besides. */
async function call(file: string, breakpoints: readonly object[]): Promise<{ ms: number; instructions: number }> {
  const c = await connect();
  const set = async (all: readonly object[]): Promise<void> => {
    const answer = await c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setFunctionBreakpoints', {
      breakpoints: all,
    });
    for (const { verified, message } of answer.breakpoints) if (!verified) throw new Error(message);
  };
  const instructions = async (): Promise<number> =>
    (await c.request<{ instructions: number }>('trapline/machine')).instructions;
  try {
    await c.client.initializeRequest();
    await c.request('launch', { program: file, mode: 'native' });
    await c.next('initialized');
    await set([{ name: 'bench_main' }]);
    await c.client.configurationDoneRequest();
    await c.next('stopped', MINUTE);
    await set([{ name: 'finished' }, ...breakpoints]);
    const before = await instructions();
    const begun = performance.now();
    await c.client.continueRequest({ threadId: 1 });
    await c.next('stopped', MINUTE);
    return { ms: performance.now() - begun, instructions: (await instructions()) - before };
  } finally {
    await c.close();
  }
}

/** Rows on conditions that are false a million times. */
export async function conditionRows(rounds: number): Promise<string[][]> {
  if (!canBuildPrograms()) {
    console.log('arm-none-eabi-gcc is not installed: conditions are left out.');
    return [];
  }
  const rows: string[][] = [];
  for (const workload of WORKLOADS) {
    const file = buildProgram(program(workload), 'long');
    const plain: number[] = [];
    const hit = workload.breakpoints.map((): number[] => []);
    let length = 0;
    for (let round = 0; round < rounds; round++) {
      const { ms, instructions } = await call(file, []);
      plain.push(ms);
      length = instructions / HITS;
      for (const [i, [, breakpoint]] of workload.breakpoints.entries())
        hit[i].push((await call(file, [{ name: workload.name, ...breakpoint }])).ms);
      process.stderr.write('.');
    }
    const base = median(plain);
    rows.push([`a million calls of ${length.toFixed(0)} instructions (${workload.title})`, `${base.toFixed(0)} ms`]);
    for (const [i, [title]] of workload.breakpoints.entries()) {
      const ratio = median(hit[i]) / base;
      const each = ((median(hit[i]) - base) * 1e6) / HITS;
      rows.push([`... with the condition ${title}`, `${ratio.toFixed(2)} times, ${each.toFixed(0)} ns a hit`]);
    }
  }
  return rows;
}

const BREAKPOINTS = 10_000;
/** Where the boot is over. */
const END = 'run_init_process';

/** Those of some instructions that a boot does not reach. */
async function unreached(
  create: () => ReturnType<typeof createMachine>,
  addresses: readonly number[],
): Promise<number[]> {
  const { machine, elf } = await create();
  const left = new Set(addresses);
  const end = elf?.symbols.find(END)?.address ?? 0;
  const { vcpu } = machine;
  vcpu.setBreakpoints([...left, end]);
  while (machine.run(1_000_000_000) === 'breakpoint') {
    const pc = vcpu.readRegister(REGISTER.pc) >>> 0;
    if (pc === end) break;
    left.delete(pc);
    vcpu.setBreakpoints([...left, end]);
    vcpu.skipBreakpointOnce();
  }
  return [...left].filter((address) => address !== end);
}

/** The first two instructions of functions that a boot does not reach. */
async function unreachedInstructions(create: () => ReturnType<typeof createMachine>): Promise<number[]> {
  const { elf } = await create();
  const functions = await unreached(create, elf ? functionsOf(elf) : []);
  const second = functions.map((address) => address + 4);
  return (await unreached(create, [...functions, ...second])).slice(0, BREAKPOINTS);
}

function functionsOf({ symbols }: ElfFile): number[] {
  const all = Array.from({ length: symbols.count }, (_, index) => symbols.symbol(index));
  return all.filter(({ type, section }) => type === SYMBOL_TYPE.function && section > 0).map(({ address }) => address);
}

/** Rows on breakpoints that are never met, in a boot from reset to its first program. */
export async function unmetRows(folder: string, rounds: number): Promise<string[][]> {
  const rows: string[][] = [];
  for (const mode of ['native', 'lpv'] as const satisfies readonly ExecutionMode[]) {
    const guest = await resolveGuest(folder, { mode, kernel: `${folder}/vmlinux` }, nodeFileSystem);
    const create = (): ReturnType<typeof createMachine> => createMachine(guest);
    const addresses = await unreachedInstructions(create);
    const times: number[][] = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const [i, set] of [[], addresses].entries()) {
        const { machine, elf } = await create();
        const end = elf?.symbols.find(END)?.address ?? 0;
        machine.vcpu.setBreakpoints([...set, end]);
        const begun = performance.now();
        const stop = machine.run(1_000_000_000);
        if (stop !== 'breakpoint' || machine.vcpu.exit.address !== end) throw new Error(`the boot stopped: ${stop}`);
        times[i].push(performance.now() - begun);
      }
      process.stderr.write('.');
    }
    const [plain, many] = times.map(median);
    const what = `boot to its first program with ${addresses.length} breakpoints that are not met, ${mode}`;
    rows.push([what, `${(many / plain).toFixed(2)} times`]);
  }
  return rows;
}
