/**
 * How files are compiled: from compile_commands.json, from what the caller says, and for a Linux tree from its
 * layout and its configuration.
 */
import { InputError } from '../formats/input-error.ts';
import type { SettingsProvider } from './lint.ts';
import { folderOf, joinPath, type CompileSettings } from './parse/preprocessor/preprocess.ts';
import type { TextFiles } from './rules/support-place.ts';

/** What the caller says; all paths are absolute. */
export interface SettingsOptions {
  readonly includePaths: readonly string[];
  readonly defines: ReadonlyMap<string, string>;
  /** A kernel configuration (.config). */
  readonly config?: string | undefined;
  /** The folder in which a Linux tree is built, when it is not the tree. */
  readonly buildFolder?: string | undefined;
  readonly compileCommands?: string | undefined;
}

/** What is assumed of a kernel whose configuration is not at hand: ARM code, on a CPU with an MMU and domains. */
const ASSUMED_DEFINES: ReadonlyArray<readonly [string, string]> = [
  ['CONFIG_MMU', '1'],
  ['CONFIG_CPU_USE_DOMAINS', '1'],
];
const ASSUMED_UNDEFINED: ReadonlySet<string> = new Set(['CONFIG_THUMB2_KERNEL', 'CONFIG_CPU_V7M']);
/** Architecture by processor option of Kconfig, newest first. */
const ARCHITECTURES: ReadonlyArray<readonly [option: string, level: string]> = [
  ['CONFIG_CPU_32v7', '7'],
  ['CONFIG_CPU_32v6K', '6'],
  ['CONFIG_CPU_32v6', '6'],
  ['CONFIG_CPU_32v5', '5'],
  ['CONFIG_CPU_32v4T', '4'],
  ['CONFIG_CPU_32v4', '4'],
];
const DEFAULT_ARCHITECTURE = '5';

/** Options of a .config or of a generated autoconf.h, as macros. */
export function parseKernelConfig(text: string): Map<string, string> {
  const defines = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/^(?:#define[ \t]+)?(CONFIG_\w+)[= \t](.*)$/gm)) {
    if (value === 'n') continue;
    if (value === 'm') defines.set(`${name}_MODULE`, '1');
    else defines.set(name, value === 'y' ? '1' : value.trim());
  }
  return defines;
}

/** Splits a command as a shell does. */
export function splitCommand(command: string): string[] {
  const words: string[] = [];
  for (const [word] of command.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g)) {
    words.push(
      word.replace(
        /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g,
        (_, escaped?: string, double?: string, single?: string) =>
          escaped ?? double?.replace(/\\(["\\$`])/g, '$1') ?? single ?? '',
      ),
    );
  }
  return words;
}

const BOTH_LANGUAGES: ReadonlyArray<readonly [string, string]> = [
  ['__arm__', '1'],
  ['__ARMEL__', '1'],
  ['__ARM_EABI__', '1'],
  ['__GNUC__', '12'],
];
const ASSEMBLY: ReadonlyArray<readonly [string, string]> = [['__ASSEMBLER__', '1']];

/** A path as seen from a folder. */
function absolutePath(folder: string, path: string): string {
  return /^(?:[A-Za-z]:)?[/\\]/.test(path) ? path : joinPath(folder, path);
}

/** Settings from the arguments of a compiler. */
export function settingsFromArguments(args: readonly string[], folder: string): CompileSettings {
  const includePaths: string[] = [];
  const forcedIncludes: string[] = [];
  const defines = new Map(BOTH_LANGUAGES);
  for (let i = 0; i < args.length; i++) {
    const match = /^(-I|-isystem|-iquote|-idirafter|-include|-imacros|-D|-U)(.*)$/.exec(args[i]);
    if (!match) continue;
    const [, option] = match;
    const value = match[2] || (args[++i] ?? '');
    if (option === '-D') {
      const equals = value.indexOf('=');
      if (equals < 0) defines.set(value, '1');
      else defines.set(value.slice(0, equals), value.slice(equals + 1));
    } else if (option === '-U') defines.delete(value);
    else
      (option.startsWith('-include') || option === '-imacros' ? forcedIncludes : includePaths).push(
        absolutePath(folder, value),
      );
  }
  return { includePaths, forcedIncludes, defines };
}

interface CompileCommand {
  readonly directory: string;
  readonly file: string;
  readonly command?: string;
  readonly arguments?: readonly string[];
}

function isCompileCommand(entry: unknown): entry is CompileCommand {
  if (typeof entry !== 'object' || entry === null) return false;
  const { directory, file, command, arguments: args } = entry as Record<string, unknown>;
  return (
    typeof directory === 'string' && typeof file === 'string' && (typeof command === 'string' || Array.isArray(args))
  );
}

function readCompileCommands(path: string, files: TextFiles): Map<string, CompileCommand> {
  let entries: unknown;
  try {
    const text = files.readText(path);
    if (text === undefined) throw new Error('there is no such file');
    entries = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ') : 'unknown reason';
    throw new InputError(`cannot read the compile commands: ${reason}`, { file: path, remedy: 'Check the file' });
  }
  if (!Array.isArray(entries)) {
    throw new InputError('not a list of compile commands', { file: path, remedy: 'Give a compile_commands.json' });
  }
  return new Map(entries.filter(isCompileCommand).map((entry) => [absolutePath(entry.directory, entry.file), entry]));
}

/** The root of the Linux tree around a folder; undefined when there is none. */
export function linuxRoot(folder: string, exists: TextFiles['exists']): string | undefined {
  for (let at = folder; ; at = folderOf(at)) {
    if (exists(joinPath(at, 'arch/arm/include/asm')) && exists(joinPath(at, 'include/linux'))) return at;
    if (folderOf(at) === at) return undefined;
  }
}

interface Kernel {
  readonly includePaths: readonly string[];
  readonly forced: readonly string[];
  readonly defines: ReadonlyMap<string, string>;
  readonly configured: boolean;
}

/** Settings for the files of a host. */
export class TreeSettings implements SettingsProvider {
  private readonly options: SettingsOptions;
  private readonly files: TextFiles;
  private readonly kernels = new Map<string, Kernel>();
  private readonly roots = new Map<string, string | undefined>();
  /** Settings of files without a command of their own, by folder and language. */
  private readonly byFolder = new Map<string, CompileSettings>();
  /** Definitions of a tree: the same object for all its files of a language. */
  private readonly definesByTree = new Map<string, ReadonlyMap<string, string>>();
  private commands: Map<string, CompileCommand> | undefined;

  /** Throws an `InputError` when a file that the options name is not there, or not what it should be. */
  constructor(options: SettingsOptions, files: TextFiles) {
    this.options = options;
    this.files = files;
    if (options.config !== undefined && !files.exists(options.config)) {
      throw new InputError('there is no such configuration', {
        file: options.config,
        remedy: 'Give the .config of a kernel',
      });
    }
    if (options.compileCommands !== undefined) this.commands = readCompileCommands(options.compileCommands, files);
  }

  assembly(path: string): CompileSettings {
    return this.settings(path, true);
  }

  c(path: string): CompileSettings {
    return this.settings(path, false);
  }

  private settings(path: string, assembly: boolean): CompileSettings {
    const { options } = this;
    const command = this.commands?.get(path);
    const language = assembly ? ASSEMBLY : [];
    if (command) {
      const args = command.arguments ?? splitCommand(command.command ?? '');
      const settings = settingsFromArguments(args, command.directory);
      return { ...settings, defines: new Map([...settings.defines, ...language, ...options.defines]) };
    }
    const folder = folderOf(path);
    const key = `${assembly ? 'S' : 'c'}${folder}`;
    let settings = this.byFolder.get(key);
    if (!settings) this.byFolder.set(key, (settings = this.ofFolder(folder, assembly)));
    return settings;
  }

  private ofFolder(folder: string, assembly: boolean): CompileSettings {
    const { options } = this;
    if (!this.roots.has(folder)) this.roots.set(folder, linuxRoot(folder, this.files.exists));
    const root = this.roots.get(folder);
    const own = options.includePaths;
    const kernel = root === undefined ? undefined : this.kernel(root);
    const defines = this.definesOf(root ?? '', assembly, kernel);
    if (!kernel) return { includePaths: [...own, folder], forcedIncludes: [], defines };
    return {
      includePaths: [...own, ...kernel.includePaths, folder],
      forcedIncludes: kernel.forced,
      defines,
      unknownPrefix: kernel.configured ? undefined : 'CONFIG_',
      undefinedNames: kernel.configured ? undefined : ASSUMED_UNDEFINED,
    };
  }

  private definesOf(root: string, assembly: boolean, kernel: Kernel | undefined): ReadonlyMap<string, string> {
    const key = `${assembly ? 'S' : 'c'}${root}`;
    let defines = this.definesByTree.get(key);
    if (defines) return defines;
    const { config, defines: own } = this.options;
    const language = assembly ? ASSEMBLY : [];
    if (kernel) {
      const kernelLanguage: ReadonlyArray<readonly [string, string]> = assembly ? [['__ASSEMBLY__', '1']] : [];
      defines = new Map([...BOTH_LANGUAGES, ...language, ...kernelLanguage, ...kernel.defines, ...own]);
    } else {
      const options = config === undefined ? [] : parseKernelConfig(this.files.readText(config) ?? '');
      defines = new Map([...BOTH_LANGUAGES, ...language, ...options, ...own]);
    }
    this.definesByTree.set(key, defines);
    return defines;
  }

  private kernel(root: string): Kernel {
    const known = this.kernels.get(root);
    if (known) return known;
    const { config, buildFolder } = this.options;
    const { files } = this;
    const build = buildFolder ?? root;
    const candidates = [config, joinPath(build, 'include/generated/autoconf.h'), joinPath(build, '.config')];
    const found = candidates.find((path) => path !== undefined && files.exists(path));
    const options = found === undefined ? new Map(ASSUMED_DEFINES) : parseKernelConfig(files.readText(found) ?? '');
    const level = ARCHITECTURES.find(([option]) => options.has(option))?.[1] ?? DEFAULT_ARCHITECTURE;
    const arm = 'arch/arm/include';
    const kernel: Kernel = {
      includePaths: [
        joinPath(root, arm),
        joinPath(build, `${arm}/generated`),
        joinPath(root, 'include'),
        joinPath(build, 'include'),
        joinPath(root, `${arm}/uapi`),
        joinPath(build, `${arm}/generated/uapi`),
        joinPath(root, 'include/uapi'),
        joinPath(build, 'include/generated/uapi'),
      ],
      forced: ['include/linux/kconfig.h', `${arm}/asm/unified.h`].map((path) => joinPath(root, path)),
      defines: new Map([['__KERNEL__', '1'], ['__LINUX_ARM_ARCH__', level], ...options]),
      configured: found !== undefined,
    };
    this.kernels.set(root, kernel);
    return kernel;
  }
}

/** The compile_commands.json in a folder or above it; undefined when there is none. */
export function findCompileCommands(folder: string, exists: TextFiles['exists']): string | undefined {
  for (let at = folder; ; at = folderOf(at)) {
    const path = joinPath(at, 'compile_commands.json');
    if (exists(path)) return path;
    if (folderOf(at) === at) return undefined;
  }
}
