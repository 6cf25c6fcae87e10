/** One file of many for the linter. */
import type { Linter } from '../language-server/lint.ts';
import type { NodeSourceProvider } from '../language-server/node-source-provider.ts';

/**
 * Lints the file at a path, which need not be readable. Most files of a kernel have no assembly: unless others have included
 * it already, such a file is let go, or a tree would be in memory as a whole.
 */
export function lintFile(path: string, linter: Linter, provider: NodeSourceProvider): void {
  const isNew = !provider.has(path);
  const source = provider.get(path);
  if (source && !linter.add(source) && isNew) provider.forget(path);
}
