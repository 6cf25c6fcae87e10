/** All features, one file each. */
import { callHierarchy } from './call-hierarchy.ts';
import { codeActions } from './code-actions.ts';
import { codeLenses } from './code-lens.ts';
import { completion } from './completion.ts';
import { diagnostics } from './diagnostics.ts';
import { documentLinks } from './document-links.ts';
import { formatting } from './formatting.ts';
import { hover } from './hover.ts';
import { inlayHints } from './inlay-hints.ts';
import { definition, highlights, references, rename } from './navigation.ts';
import type { Provider } from './provider.ts';
import { semanticTokens } from './semantic-tokens.ts';
import { signatureHelp } from './signature-help.ts';
import { documentSymbols, folding, selection } from './structure.ts';
import { workspaceSymbols } from './workspace-symbols.ts';

export const PROVIDERS: readonly Provider[] = [
  diagnostics,
  codeActions,
  hover,
  completion,
  signatureHelp,
  definition,
  references,
  highlights,
  rename,
  documentSymbols,
  workspaceSymbols,
  folding,
  selection,
  semanticTokens,
  inlayHints,
  codeLenses,
  callHierarchy,
  formatting,
  documentLinks,
];
