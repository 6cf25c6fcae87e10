/** Source files from the disk, each read once. */
import { readFileSync, statSync } from 'node:fs';
import type { SourceProvider } from './parse/preprocessor/preprocess.ts';
import { Source } from './parse/source.ts';

/** Files larger than this are no source code. */
const MAX_SIZE = 64 << 20;

export class NodeSourceProvider implements SourceProvider {
  private readonly sources = new Map<string, Source | undefined>();

  /** The file at a path; undefined when there is none that can be read. Bytes that are not UTF-8 keep their length. */
  get(path: string): Source | undefined {
    const known = this.sources.get(path);
    if (known || this.sources.has(path)) return known;
    const text = readSourceText(path);
    const source = text === undefined ? undefined : new Source(path, text);
    this.sources.set(path, source);
    return source;
  }

  /** Whether the file at a path has been asked for. */
  has(path: string): boolean {
    return this.sources.has(path);
  }

  /** Forgets what is known of a path, after it has changed. */
  forget(path: string): void {
    this.sources.delete(path);
  }
}

/** A byte order mark or a stray byte must come back as it was: such files are read as Latin-1. */
export function readSourceText(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > MAX_SIZE) return undefined;
  const bytes = readFileSync(path);
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}

/** The bytes of a text that was read by the provider; `original` is what the file holds now. */
export function encodeLike(text: string, original: Uint8Array): Uint8Array {
  const isUtf8 = !Buffer.from(original).toString('utf8').includes('\ufffd');
  return Buffer.from(text, isUtf8 ? 'utf8' : 'latin1');
}
