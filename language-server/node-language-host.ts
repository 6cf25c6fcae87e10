/** The language server's host on Node: files of the disk, read and never written; nothing is executed. */
import { existsSync, statSync } from 'node:fs';
import { findCompileCommands, NodeSettings } from './node-settings.ts';
import { walkSourceFiles } from './node-source-files.ts';
import { readSourceText } from './node-source-provider.ts';
import type { HostServer, LanguageHost } from './workspace/host.ts';

/** Makes a host for the workspace folders of a server. */
export function nodeLanguageHost({ folders }: HostServer): LanguageHost {
  return {
    readText: readSourceText,
    exists: existsSync,
    settings: ({ compileCommands, ...options }) => {
      const [folder] = folders();
      const found = compileCommands ?? (folder === undefined ? undefined : findCompileCommands(folder));
      return new NodeSettings({ ...options, compileCommands: found });
    },
    sourceFiles: (given) =>
      walkSourceFiles(given.filter((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory())),
  };
}
