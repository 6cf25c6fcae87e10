/** How files of the disk are compiled. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { TextFiles } from './rules/support-place.ts';
import {
  findCompileCommands as findIn,
  linuxRoot as rootIn,
  TreeSettings,
  type SettingsOptions,
} from './tree-settings.ts';

const FILES: TextFiles = {
  exists: existsSync,
  readText: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
};

/** Settings for files of the disk. Paths of the options may be relative to the working folder. */
export class NodeSettings extends TreeSettings {
  constructor({ includePaths, defines, config, buildFolder, compileCommands }: SettingsOptions) {
    const absolute = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));
    super(
      {
        includePaths: includePaths.map((path) => resolve(path)),
        defines,
        config: absolute(config),
        buildFolder: absolute(buildFolder),
        compileCommands: absolute(compileCommands),
      },
      FILES,
    );
  }
}

/** The compile_commands.json in a folder or above it; undefined when there is none. */
export function findCompileCommands(folder: string): string | undefined {
  return findIn(resolve(folder), FILES.exists);
}

/** The root of the Linux tree around a folder; undefined when there is none. */
export function linuxRoot(folder: string): string | undefined {
  return rootIn(resolve(folder), FILES.exists);
}
