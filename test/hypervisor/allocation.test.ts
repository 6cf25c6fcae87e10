/** Exits allocate next to nothing (`npm run bench -- --heap` has the functions): what V8's sampling profiler sees while plain lpv boots Linux. */
import assert from 'node:assert/strict';
import { Session, type HeapProfiler } from 'node:inspector';
import { bytesByFunction } from '../../bench/heap.ts';
import type { Machine } from '../../emulator/machine.ts';
import { hasLinuxGuest, linuxMachine } from '../linux-guest.ts';

/** Instructions before the busiest part of the boot, and in it. */
const START = 50_000_000;
const MEASURED = 24_000_000;
/** Bytes between two samples, on average. */
const INTERVAL = 512;
/** The smallest object, a boxed number: timers and code that is not compiled yet allocate, but not at each exit. */
const MOST_BYTES_PER_EXIT = 12;

/** Runs something, and returns what it has allocated, by function. */
function sampled(run: () => void): Map<string, number> {
  const session = new Session();
  session.connect();
  let profile: HeapProfiler.SamplingHeapProfile | undefined;
  session.post('HeapProfiler.startSampling', {
    samplingInterval: INTERVAL,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  } as HeapProfiler.StartSamplingParameterType);
  run();
  session.post('HeapProfiler.stopSampling', (error, result) => {
    assert.equal(error, null);
    profile = result.profile;
  });
  session.disconnect();
  return bytesByFunction(profile?.head ?? assert.fail('no profile'));
}

const sum = (bytes: ReadonlyMap<string, number>): number =>
  [...bytes.values()].reduce((total, each) => total + each, 0);

describe('allocation', function () {
  this.timeout(60_000);

  it('is what the profiler sees: one object for each round', () => {
    const kept: object[] = [];
    const bytes = sum(
      sampled(() => {
        for (let i = 0; i < 50_000; i++) kept.push({ i });
      }),
    );
    assert.ok(bytes > 50_000 * 12, `${bytes} bytes`);
  });

  it('is less than one object for each exit', async function () {
    if (!(await hasLinuxGuest())) return this.skip();
    const boot = async (): Promise<Machine> => {
      const options = { append: 'console=ttyAMA0 lpj=500000', hypervisor: { savings: [] } };
      return (await linuxMachine('lpv', options)).machine;
    };
    // V8 compiles what is hot in a first boot, and is watched in a second.
    (await boot()).run(START + MEASURED);
    const machine = await boot();
    const exits = (): number => machine.vm.statistics?.total ?? 0;
    machine.run(START);
    const before = exits();
    const bytes = sampled(() => machine.run(MEASURED));
    const count = exits() - before;
    assert.ok(count > 50_000, `${count} exits`);
    const perExit = sum(bytes) / count;
    const most = [...bytes].sort((a, b) => b[1] - a[1]).slice(0, 5);
    assert.ok(perExit < MOST_BYTES_PER_EXIT, `${perExit.toFixed(2)} bytes per exit: ${JSON.stringify(most)}`);
  });
});
