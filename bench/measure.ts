/** Times a process from outside, by marks in what it prints, so that every emulator is measured in the same way. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Measurement {
  /** From the first mark (or the start of the process) to the last. */
  seconds: number;
  /** Largest resident set seen, in megabytes; undefined where /proc does not say. */
  peakMegabytes: number | undefined;
  /** What was printed up to the last mark and a little after. */
  output: string;
}

export interface MeasureOptions {
  /** The clock starts when this has been printed; at the start of the process when absent. */
  from?: string;
  /** The clock stops when this has been printed. The process is ended at the end of that line. */
  to: string;
  timeoutSeconds?: number;
}

const MEMORY_POLL_MS = 20;

function peakMegabytes(pid: number): number | undefined {
  try {
    const match = /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match ? Number(match[1]) / 1024 : undefined;
  } catch {
    return undefined;
  }
}

/** Runs a command until it has printed `to`. Rejects when it ends, or the time is up, before that. */
export function measure(command: string, args: readonly string[], options: MeasureOptions): Promise<Measurement> {
  const { from, to, timeoutSeconds = 300 } = options;
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    let peak: number | undefined;
    let begin = from === undefined ? started : undefined;
    let end: number | undefined;

    const pollMemory = () => {
      peak = (child.pid !== undefined ? peakMegabytes(child.pid) : undefined) ?? peak;
    };
    const poll = setInterval(pollMemory, MEMORY_POLL_MS);
    const limit = setTimeout(() => {
      errors += `\nnothing after ${timeoutSeconds} s`;
      child.kill('SIGKILL');
    }, timeoutSeconds * 1000);

    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('latin1');
      const now = performance.now();
      if (begin === undefined && from !== undefined && output.includes(from)) begin = now;
      const at = output.indexOf(to);
      if (end === undefined && at >= 0) end = now;
      if (end !== undefined && output.includes('\n', at)) {
        pollMemory();
        child.kill('SIGKILL');
      }
    });
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString('latin1')));
    child.on('error', (error) => (errors += error.message));
    child.on('close', () => {
      clearInterval(poll);
      clearTimeout(limit);
      if (begin !== undefined && end !== undefined) {
        resolve({ seconds: (end - begin) / 1000, peakMegabytes: peak, output });
      } else {
        const tail = `${output}\n${errors}`.trim().split('\n').slice(-5).join('\n  ');
        reject(new Error(`${[command, ...args].join(' ')}\n  ended before it printed ${to}:\n  ${tail}`));
      }
    });
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
