/** A short run of `npm run lockstep`: random code and the beginning of the Linux boot, equal to QEMU at every step. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { qemuVersion } from '../qemu/rsp-client.ts';
import { bootLockstep } from './boot.ts';
import { randomCampaign } from './random.ts';

const RANDOM_STEPS = 100_000;
const BOOT_INSTRUCTIONS = 1_000_000;
const GUEST = 'guests/linux';
const TIMEOUT_MS = 300_000;
/** The listed differences are those of this version. */
const KNOWN_VERSION = /^7\.2\./;

describe('lockstep with QEMU', function () {
  this.timeout(TIMEOUT_MS);

  before(function () {
    const version = qemuVersion();
    const usable = version !== undefined && KNOWN_VERSION.test(version);
    // In continuous integration a missing QEMU is a mistake of the set-up, not a reason to test less.
    if (process.env.CI) assert.ok(usable, `QEMU 7.2 is needed, found ${version ?? 'none'}`);
    if (!usable) this.skip();
  });

  it('executes random code in all modes as QEMU does', async () => {
    const report = await randomCampaign({ steps: RANDOM_STEPS, seed: 2 });
    assert.deepEqual(report.differences, []);
    assert.ok(report.steps >= RANDOM_STEPS);
    assert.ok(report.blocksComplete > 0, 'no block was compared to its end');
    for (const mode of ['usr', 'fiq', 'irq', 'svc', 'abt', 'und', 'sys'])
      assert.ok(report.modes.has(mode), `mode ${mode} was not met`);
  });

  it('boots Linux as QEMU does', async function () {
    if (!existsSync(`${GUEST}/vmlinux.gz`)) this.skip();
    const report = await bootLockstep({ instructions: BOOT_INSTRUCTIONS, guest: GUEST, ramEvery: 100_000 });
    assert.deepEqual(report.differences, []);
    assert.ok(report.instructions >= BOOT_INSTRUCTIONS);
    assert.ok(report.ramComparisons >= 3);
  });
});
