/**
 * `npm run lockstep`: our core against QEMU, register by register after every instruction.
 * Options: `--mode random|boot|all`; `--steps N` of random code and `--seed S`; `--boot N` instructions of the boot of
 * `--guest FOLDER`; `--differences N` to stop after. The exit code says whether all was equal.
 */
import { parseArgs } from 'node:util';
import { qemuVersion } from '../qemu/rsp-client.ts';
import { bootLockstep } from './boot.ts';
import { randomCampaign } from './random.ts';
import { bootText, randomText } from './report.ts';

const RAM_EVERY = 100_000;

const { values } = parseArgs({
  options: {
    mode: { type: 'string', default: 'all' },
    steps: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    boot: { type: 'string', default: '1000000' },
    guest: { type: 'string', default: 'guests/linux' },
    differences: { type: 'string', default: '1' },
  },
});

/** Runs one part with a line of progress, and prints its report. */
async function part<T extends { differences: string[][] }>(
  what: string,
  run: (progress: (count: number) => void) => Promise<T>,
  text: (report: T) => string[],
): Promise<void> {
  const started = performance.now();
  let shown = started;
  const report = await run((count) => {
    if (!process.stderr.isTTY || performance.now() - shown < 1000) return;
    shown = performance.now();
    process.stderr.write(`\r${what}: ${count}`);
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log([`${what} (${seconds} s)`, ...text(report)].join('\n  '));
  for (const lines of report.differences) console.log(`DIFFERENT: ${lines.join('\n  ')}`);
  if (report.differences.length > 0) process.exitCode = 1;
}

const version = qemuVersion();
if (!version) throw new Error('qemu-system-arm is not installed (Debian: apt-get install qemu-system-arm).');
if (!['random', 'boot', 'all'].includes(values.mode)) throw new Error(`There is no mode "${values.mode}".`);
console.log(`Comparing with QEMU ${version}.`);
if (values.mode !== 'boot') {
  const options = {
    steps: Number(values.steps),
    seed: Number(values.seed),
    maxDifferences: Number(values.differences),
  };
  await part(`Random code, seed ${options.seed}`, (progress) => randomCampaign({ ...options, progress }), randomText);
}
if (values.mode !== 'random') {
  const options = { instructions: Number(values.boot), guest: values.guest, ramEvery: RAM_EVERY };
  await part(`Boot of ${values.guest}`, (progress) => bootLockstep({ ...options, progress }), bootText);
}
