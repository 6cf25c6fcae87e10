/** A thread that reads some of the files of `trapline lint` and `trapline patch`. What it finds goes back as notes. */
import { parentPort, workerData } from 'node:worker_threads';
import { Linter } from '../language-server/lint.ts';
import { NodeSettings } from '../language-server/node-settings.ts';
import type { SettingsOptions } from '../language-server/tree-settings.ts';
import { NodeSourceProvider } from '../language-server/node-source-provider.ts';
import type { Problem } from '../language-server/parse/preprocessor/preprocess.ts';
import type { Note } from '../language-server/rules/site-table.ts';
import { lintFile } from './lint-file.ts';

/** A note or a problem with the path of its file. */
export type Sent<T> = T extends { readonly source: unknown } ? Omit<T, 'source'> & { readonly path: string } : never;

/** Files to read: a run of the list, in its order. */
export interface LintBatch {
  readonly first: number;
  readonly files: readonly string[];
}

/** What has been found in a batch. */
export interface BatchResult {
  readonly first: number;
  readonly count: number;
  readonly notes: readonly Sent<Note>[];
  readonly problems: readonly Sent<Problem>[];
}

function send<T extends Note | Problem>({ source, ...rest }: T): Sent<T> {
  return { ...rest, path: source.path } as unknown as Sent<T>;
}

const port = parentPort;
if (port) {
  let notes: Sent<Note>[] = [];
  const provider = new NodeSourceProvider();
  const settings = new NodeSettings(workerData as SettingsOptions);
  const linter = new Linter({ provider, settings }, false, (note) => notes.push(send(note)));
  let known = 0;
  port.on('message', ({ first, files }: LintBatch) => {
    for (const file of files) lintFile(file, linter, provider);
    const problems = linter.problems.slice(known).map(send);
    known = linter.problems.length;
    const result: BatchResult = { first, count: files.length, notes, problems };
    notes = [];
    port.postMessage(result);
  });
}
