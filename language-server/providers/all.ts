/** All features, one file each. */
import { codeActions } from './code-actions.ts';
import { diagnostics } from './diagnostics.ts';
import type { Provider } from './provider.ts';

export const PROVIDERS: readonly Provider[] = [diagnostics, codeActions];
