/** Loaded before a program (node --import): samples what it allocates, and writes the profile to HEAP_PROFILE at exit. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const session = new Session();
session.connect();
session.post('HeapProfiler.startSampling', {
  samplingInterval: 1024,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
});
process.on('exit', () => {
  session.post('HeapProfiler.stopSampling', (error, result) => {
    if (error) throw new Error(error.message);
    writeFileSync(process.env.HEAP_PROFILE, JSON.stringify(result.profile));
  });
});
