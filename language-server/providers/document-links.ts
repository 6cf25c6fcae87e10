/** Links from includes to the files that they name. */
import { indexOf } from '../index/file-index.ts';
import { resolveInclude } from '../workspace/scope.ts';
import { rangeAt } from '../workspace/workspace.ts';
import type { Provider } from './provider.ts';

export const documentLinks: Provider = ({ connection, workspace }) => {
  connection.onDocumentLinks(({ textDocument }) => {
    const source = workspace.assemblyOf(textDocument.uri);
    if (!source) return null;
    return indexOf(source).includes.flatMap((include) => {
      const found = resolveInclude(workspace, source, include);
      if (!found) return [];
      const range = rangeAt(source, include.start + 1, include.end - 1);
      return [{ range, target: workspace.uriOf(found.path), tooltip: workspace.display(found.path) }];
    });
  });
  return { documentLinkProvider: { resolveProvider: false } };
};
