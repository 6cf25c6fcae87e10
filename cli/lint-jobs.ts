/**
 * Reads many source files, in threads where there are enough of them. The threads send notes, which one linter takes in the
 * order of the files: the result is that of one thread, to the letter.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Linter } from '../language-server/lint.ts';
import { NodeSettings } from '../language-server/node-settings.ts';
import type { SettingsOptions } from '../language-server/tree-settings.ts';
import { NodeSourceProvider } from '../language-server/node-source-provider.ts';
import type { Problem } from '../language-server/parse/preprocessor/preprocess.ts';
import { Source } from '../language-server/parse/source.ts';
import type { Note } from '../language-server/rules/site-table.ts';
import { lintFile } from './lint-file.ts';
import type { BatchResult, LintBatch, Sent } from './lint-worker.ts';

/** Files that one message names: enough to make messages cheap, few enough to keep all threads busy to the end. */
const BATCH = 16;
/** Threads that are worth their start: one for this many files. */
const FILES_PER_JOB = 100;
/** The most threads that can be asked for. */
export const MAX_JOBS = 64;

/** As many threads as there are processors, and files to read. */
function defaultJobs(files: number): number {
  return Math.min(availableParallelism(), Math.floor(files / FILES_PER_JOB), MAX_JOBS);
}

/** Lints files. `progress` is told how many have been read. Without `jobs` there is a thread for each processor. */
export async function lintFiles(
  files: readonly string[],
  options: SettingsOptions,
  jobs: number | undefined,
  progress: (done: number) => void,
): Promise<Linter> {
  const provider = new NodeSourceProvider();
  const linter = new Linter({ provider, settings: new NodeSettings(options) });
  const count = Math.min(jobs ?? defaultJobs(files.length), Math.ceil(files.length / BATCH));
  if (count > 1) await lintInThreads(files, options, count, linter, provider, progress);
  else {
    files.forEach((file, i) => {
      lintFile(file, linter, provider);
      progress(i + 1);
    });
  }
  return linter;
}

/** A note or a problem with its file. Only files of which something is to be said are read here. */
function received<T extends Note | Problem>({ path, ...rest }: Sent<T>, provider: NodeSourceProvider): T {
  const source = provider.get(path) ?? new Source(path, '');
  return { ...rest, source } as unknown as T;
}

/** The entry of a thread: beside the bundle of the command. A thread cannot load TypeScript, so that sources use it too. */
function entryPath(): string {
  const folder = import.meta.url.endsWith('.ts') ? '../dist/' : './';
  return fileURLToPath(new URL(`${folder}lint-worker.js`, import.meta.url));
}

async function lintInThreads(
  files: readonly string[],
  options: SettingsOptions,
  count: number,
  linter: Linter,
  provider: NodeSourceProvider,
  progress: (done: number) => void,
): Promise<void> {
  const workers = Array.from(
    { length: count },
    () => new Worker(entryPath(), { workerData: options, resourceLimits: { maxYoungGenerationSizeMb: 64 } }),
  );
  const results: (BatchResult | undefined)[] = [];
  let next = 0;
  let taken = 0;
  let done = 0;
  /** Takes what has come, as far as nothing before it is missing. */
  const take = (): void => {
    for (let result = results[taken]; result; result = results[++taken]) {
      const { notes, problems } = result;
      results[taken] = undefined;
      linter.take(
        notes.map((note) => received<Note>(note, provider)),
        problems.map((problem) => received<Problem>(problem, provider)),
      );
    }
  };
  try {
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            const feed = (): void => {
              if (next >= files.length) {
                resolve();
                return;
              }
              const batch: LintBatch = { first: next, files: files.slice(next, next + BATCH) };
              next += batch.files.length;
              worker.postMessage(batch);
            };
            worker.on('error', reject);
            worker.on('exit', (code) => reject(new Error(`a thread has ended with code ${code}`)));
            worker.on('message', (result: BatchResult) => {
              results[result.first / BATCH] = result;
              feed();
              take();
              progress((done += result.count));
            });
            feed();
          }),
      ),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
