/** Compiles the sample program in the many ways that a compiler can write debug information. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const PROGRAMS = join(import.meta.dirname, 'programs');

/** One way to compile. */
export interface Way {
  readonly name: string;
  readonly flags: readonly string[];
  /** Compiled with Clang, and linked by GCC. */
  readonly clang?: boolean;
  /** Applied to the linked file. */
  readonly objcopy?: readonly string[];
}

const LINK = ['-nostdlib', '-nostartfiles', '-Wl,-e,main', '-Wl,-Ttext=0x8000'];
const GCC = 'arm-none-eabi-gcc';

const versions = ['2', '3', '4', '5'].flatMap((version) =>
  ['-O0', '-O2'].map((level) => ({ name: `DWARF ${version} ${level}`, flags: [`-gdwarf-${version}`, level] })),
);

/** Linked programs. */
export const WAYS: readonly Way[] = [
  ...versions,
  { name: 'DWARF 5 with line tables of version 3', flags: ['-gdwarf-5', '-O2', '-gno-as-loc-support'] },
  {
    name: 'line tables of version 5 from the assembler',
    flags: ['-gdwarf-5', '-O2', '-gas-loc-support', '-Wa,-gdwarf-5'],
  },
  { name: 'DWARF 3 strict', flags: ['-gdwarf-3', '-gstrict-dwarf', '-O2'] },
  { name: 'DWARF 5, 64-bit format', flags: ['-gdwarf-5', '-gdwarf64', '-O2'] },
  { name: 'Thumb', flags: ['-gdwarf-4', '-O2', '-mthumb'] },
  { name: 'type units of DWARF 4', flags: ['-gdwarf-4', '-O1', '-fdebug-types-section'] },
  { name: 'type units of DWARF 5', flags: ['-gdwarf-5', '-O1', '-fdebug-types-section'] },
  { name: 'split DWARF 4', flags: ['-gdwarf-4', '-O2', '-gsplit-dwarf'] },
  { name: 'split DWARF 5', flags: ['-gdwarf-5', '-O2', '-gsplit-dwarf'] },
  { name: 'split DWARF 5 with type units', flags: ['-gdwarf-5', '-O0', '-gsplit-dwarf', '-fdebug-types-section'] },
  { name: 'link-time optimization', flags: ['-gdwarf-5', '-O2', '-flto'] },
  { name: 'link-time optimization, DWARF 4', flags: ['-gdwarf-4', '-O1', '-flto'] },
  { name: 'zlib', flags: ['-gdwarf-5', '-O2'], objcopy: ['--compress-debug-sections=zlib'] },
  { name: 'zlib, GNU', flags: ['-gdwarf-4', '-O2'], objcopy: ['--compress-debug-sections=zlib-gnu'] },
  { name: 'Zstandard', flags: ['-gdwarf-5', '-O2'], objcopy: ['--compress-debug-sections=zstd'] },
  { name: 'sections of functions', flags: ['-gdwarf-4', '-Os', '-ffunction-sections', '-Wl,--gc-sections'] },
  ...['2', '3', '4', '5'].map((version) => ({
    name: `Clang, DWARF ${version}`,
    clang: true,
    flags: [`-gdwarf-${version}`, '-O2'],
  })),
  { name: 'Clang, DWARF 5 -O0', clang: true, flags: ['-gdwarf-5', '-O0'] },
  { name: 'Clang, type units of DWARF 5', clang: true, flags: ['-gdwarf-5', '-O1', '-fdebug-types-section'] },
  { name: 'Clang, split DWARF 5', clang: true, flags: ['-gdwarf-5', '-O2', '-gsplit-dwarf'] },
  { name: 'Clang, Thumb', clang: true, flags: ['-gdwarf-5', '-O2', '-mthumb'] },
  { name: 'big-endian', flags: ['-gdwarf-4', '-O2', '-mbig-endian'] },
  { name: 'big-endian BE8', flags: ['-gdwarf-5', '-O0', '-mbig-endian', '-march=armv6', '-Wl,--be8'] },
];

const hasTool = (command: string): boolean => spawnSync(command, ['--version']).status === 0;

/** Whether the compiler is there. */
export const hasCompiler = (): boolean => hasTool(GCC);

/** Clang by the names that distributions give it; undefined when it is not there. */
export const CLANG = ['clang', 'clang-19', 'clang-16', 'clang-14'].find(hasTool);

function run(command: string, args: readonly string[], folder: string): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: folder });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

/** Compiles and links in a folder; the path of the program. */
export function build(way: Way, folder: string): string {
  const sources = ['sample.c', 'second.c'].map((name) => join(PROGRAMS, name));
  const objects = sources.map((_, i) => `unit${i}.o`);
  const march = way.flags.some((flag) => flag.startsWith('-march')) ? [] : ['-march=armv5te'];
  const compile = way.flags.filter((flag) => !flag.startsWith('-Wl,'));
  const [compiler, ...own] = way.clang && CLANG ? [CLANG, '--target=arm-none-eabi', '-mfloat-abi=soft'] : [GCC];
  sources.forEach((source, i) => run(compiler, [...own, ...march, ...compile, '-c', source, '-o', objects[i]], folder));
  const file = join(folder, 'program.elf');
  // Clang calls functions of a run-time library, which nothing here needs.
  const link = way.clang ? ['-Wl,--unresolved-symbols=ignore-all'] : way.flags;
  run(GCC, [...march, ...link, ...objects, ...LINK, '-o', file], folder);
  if (way.objcopy) run('arm-none-eabi-objcopy', [...way.objcopy, file], folder);
  return file;
}

/** Compiles one source file without linking; the path of the object. */
export function buildObject(flags: readonly string[], folder: string): string {
  const file = join(folder, 'object.o');
  run(GCC, ['-march=armv5te', ...flags, '-c', join(PROGRAMS, 'sample.c'), '-o', file], folder);
  return file;
}
