/** Stops a guest at random instruction counts, and compares what we say of each stop with gdb. */
import type { ExecutionMode } from '../../../emulator/vm.ts';
import { Random } from '../../hypervisor/random.ts';
import { compareStacks, compareVariables, type Covered } from './compare.ts';
import { coveredCode } from './frame-ranges.ts';
import type { GdbFrame } from './gdb-session.ts';
import { pairLevels } from './gdb-view.ts';
import { LiveMachine, type OurFrame } from './machine.ts';
import { compareSavedRegisters } from './saved-registers.ts';
import { Tally } from './tally.ts';

/** What to run, and where to stop it. */
export interface Campaign {
  /** A folder with a `guest.json`. */
  readonly program: string;
  /** Its kernel with debug information. */
  readonly file: string;
  readonly mode: ExecutionMode;
  readonly stops: number;
  readonly seed: number;
  /** Stops are below this instruction count. */
  readonly end: number;
  /** Typed into the console. */
  readonly input?: string;
}

/** Frames of a stack that are asked for, and how many of the innermost with their variables. */
const FRAMES = 64;
const DETAILED = 4;

/** Runs a campaign; the same one gives the same result each time. */
export async function runCampaign({ program, file, mode, stops, seed, end, input }: Campaign): Promise<Tally> {
  const covered = coveredCode(file);
  const tally = new Tally();
  const random = new Random(seed);
  const places = Array.from({ length: stops }, () => 1 + random.below(end)).sort((a, b) => a - b);
  const machine = await LiveMachine.start(program, file, mode);
  try {
    if (input !== undefined) machine.type(input);
    for (const place of places) {
      if (!machine.runTo(place)) throw new Error(`${program} has ended before instruction ${place}`);
      await compareStop(machine, `${mode} ${place}`, covered, tally);
    }
  } finally {
    await machine.close();
  }
  return tally;
}

async function compareStop(machine: LiveMachine, where: string, covered: Covered, tally: Tally): Promise<void> {
  const ours = machine.frames();
  const { frames } = await machine.gdb.stop(FRAMES, DETAILED);
  tally.count('stops');
  const equal = compareStacks(where, ours, frames, covered, tally);
  compareInnermost(where, ours.slice(0, equal), frames, tally);
  await compareSavedRegisters(where, machine, ours, tally);
}

/** The variables of the innermost frames that both have. */
export function compareInnermost(
  where: string,
  ours: readonly OurFrame[],
  theirs: readonly GdbFrame[],
  tally: Tally,
): void {
  const levels = pairLevels(ours, theirs);
  for (const [at, level] of levels.entries()) {
    if (level.theirs.kind === 'tailcall') continue;
    if (!level.ours || !level.theirs.blocks) return;
    compareVariables(`${where} #${at}`, levels, at, tally);
  }
}
