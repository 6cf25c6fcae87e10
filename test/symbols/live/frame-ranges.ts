/** Which code has call frame information, as readelf lists it. */
import { spawnSync } from 'node:child_process';
import type { Covered } from './compare.ts';

/** Reads `.debug_frame` of a file with readelf. */
export function coveredCode(file: string): Covered {
  const { status, stdout, stderr } = spawnSync('arm-none-eabi-readelf', ['--debug-dump=frames', '-W', file], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`readelf failed on ${file}: ${stderr}`);
  const ranges = [...stdout.matchAll(/ FDE cie=\w+ pc=(\w+)\.\.(\w+)/g)]
    .map(([, start, end]) => [parseInt(start, 16), parseInt(end, 16)] as const)
    .sort(([a], [b]) => a - b);
  return (address) => {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[middle][0] <= address) low = middle + 1;
      else high = middle;
    }
    return low > 0 && address < ranges[low - 1][1];
  };
}
