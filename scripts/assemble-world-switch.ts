/**
 * Assembles hypervisor/world-switch/world-switch.S into image.ts beside it: the words of its two sections, their source lines,
 * and its symbols; and its text into source.ts. The result is committed, so that a build needs no cross assembler; a test compares the two.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../hypervisor/world-switch/', import.meta.url));
const SECTIONS = ['vectors', 'shared'];
const WORDS_A_LINE = 8;
/** Where the sections are linked, to tell their addresses apart. */
const LINK_ADDRESSES = [0, 0x1_0000];

/** The text of image.ts, from the source and a GNU toolchain for ARM on the PATH. */
export function assembleWorldSwitch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-world-switch-'));
  try {
    const object = join(folder, 'world-switch.o');
    execFileSync('arm-none-eabi-as', ['-g', '-o', object, join(FOLDER, 'world-switch.S')]);
    const linked = join(folder, 'world-switch.elf');
    const places = SECTIONS.map((name, i) => `--section-start=.${name}=0x${LINK_ADDRESSES[i].toString(16)}`);
    execFileSync('arm-none-eabi-ld', [...places, '-e', '0', '-o', linked, object]);
    const sections = SECTIONS.map((name, section) => {
      const file = join(folder, name);
      execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', '-j', `.${name}`, object, file]);
      const bytes = readFileSync(file);
      const words = Array.from({ length: bytes.length / 4 }, (_, i) => `0x${bytes.readUInt32LE(i * 4).toString(16)}`);
      const lines: string[] = [];
      for (let i = 0; i < words.length; i += WORDS_A_LINE)
        lines.push(`  ${words.slice(i, i + WORDS_A_LINE).join(', ')},`);
      const addresses = words.map((_, i) => `0x${(LINK_ADDRESSES[section] + i * 4).toString(16)}`);
      const found = execFileSync('arm-none-eabi-addr2line', ['-e', linked, ...addresses], { encoding: 'utf8' });
      const numbers = found.split('\n').flatMap((text) => /:(\d+|\?)/.exec(text)?.[1] ?? []);
      const sourceLines = numbers.map((number) => (number === '?' ? '0' : number));
      return (
        `/** Words of section .${name}. */\n// prettier-ignore\nexport const ${name.toUpperCase()}_WORDS: readonly number[] = [\n${lines.join('\n')}\n];\n\n` +
        `/** The source line of each of them; of a macro the line that uses it, of data 0. */\n// prettier-ignore\nexport const ${name.toUpperCase()}_LINES: readonly number[] = [\n  ${sourceLines.join(', ')},\n];`
      );
    });
    const symbols = execFileSync('arm-none-eabi-nm', [object], { encoding: 'utf8' })
      .split('\n')
      .flatMap((line) => {
        const match = /^([0-9a-f]{8}) [TtAa] ([A-Za-z]\w*)$/.exec(line);
        return match ? [`  ${match[2]}: 0x${parseInt(match[1], 16).toString(16)},`] : [];
      })
      .sort();
    return (
      '// Made by scripts/assemble-world-switch.ts from world-switch.S. Do not edit.\n\n' +
      `${sections.join('\n\n')}\n\n` +
      `/** Offsets of labels in their sections, and the constants of the source. */\nexport const SYMBOLS = {\n${symbols.join('\n')}\n} as const;\n`
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The text of source.ts. */
export function embedWorldSwitch(): string {
  const lines = readFileSync(join(FOLDER, 'world-switch.S'), 'utf8').trimEnd().split('\n');
  return (
    '// Made by scripts/assemble-world-switch.ts from world-switch.S. Do not edit.\n\n' +
    `/** The source of the world switch, for debuggers. */\n// prettier-ignore\nexport const SOURCE = [\n${lines.map((line) => `  ${JSON.stringify(line)},`).join('\n')}\n].join('\\n');\n`
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(FOLDER, 'image.ts'), assembleWorldSwitch());
  writeFileSync(join(FOLDER, 'source.ts'), embedWorldSwitch());
}
