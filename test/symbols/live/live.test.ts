/** Stacks and variables at random stops of the sample kernel, beside gdb-multiarch attached to the same machine. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { hasGdb } from '../gdb.ts';
import { hasTool } from '../oracles.ts';
import { SAMPLE_GUEST } from '../../guest-machine.ts';
import { compareInnermost, runCampaign } from './campaign.ts';
import { compareStacks } from './compare.ts';
import { LiveMachine } from './machine.ts';
import { Tally } from './tally.ts';

const FILE = join(SAMPLE_GUEST, 'kernel.elf');
/** Commands that make processes, system calls and faults; what they take is below this instruction count. */
const COMMANDS = 'ps\nselftest\n';
const END = 30_000_000;

describe('the sample kernel beside gdb on the same machine', function () {
  this.timeout(240_000);

  before(function () {
    if (!hasGdb() || !hasTool('arm-none-eabi-readelf')) this.skip();
  });

  for (const { mode, stops } of [
    { mode: 'native', stops: 80 },
    { mode: 'lpv', stops: 40 },
  ] as const) {
    it(`has the stacks and variables that gdb has, ${mode}`, async () => {
      const program = SAMPLE_GUEST;
      const tally = await runCampaign({ program, file: FILE, mode, stops, seed: 7, end: END, input: COMMANDS });
      const differences = [...tally.counts].flatMap(([kind, count]) =>
        count.differences.map((text) => `${kind}: ${text}`),
      );
      assert.deepEqual(differences, []);
      assert.equal(tally.compared('stops'), stops);
      assert.ok(tally.compared('frames: canonical frame address') > stops, 'few frames compared');
      assert.ok(tally.compared('values of variables') > stops, 'few variables compared');
    });
  }

  it('notices a machine that stands elsewhere, and a register that has another value', async () => {
    const machine = await LiveMachine.start(SAMPLE_GUEST, FILE, 'native');
    try {
      // Somewhere in a function that others have called.
      let place = 1_000_000;
      while (machine.frames().length < 3 && place < END) machine.runTo((place += 100_000));
      const { frames: theirs } = await machine.gdb.stop(64, 4);
      const differences = (ours: ReturnType<LiveMachine['frames']>): number => {
        const tally = new Tally();
        const equal = compareStacks('here', ours, theirs, () => true, tally);
        compareInnermost('here', ours.slice(0, equal), theirs, tally);
        return tally.differences;
      };
      assert.equal(differences(machine.frames()), 0);
      const { vcpu } = machine.guest.machine;
      // The kernel is built with frame pointers.
      const framePointer = vcpu.readRegister(11);
      vcpu.writeRegister(11, framePointer + 8);
      machine.moved();
      assert.ok(differences(machine.frames()) > 0, 'another frame pointer');
      vcpu.writeRegister(11, framePointer);
      machine.runTo(place + 100);
      assert.ok(differences(machine.frames()) > 0, 'a later instruction');
    } finally {
      await machine.close();
    }
  });
});
