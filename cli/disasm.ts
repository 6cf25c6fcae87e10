/** `trapline disasm`: an ELF file as assembly, with symbols, and what its trap words stand for. */
import { loadFile } from '../debug-adapter/launch/file-system.ts';
import { nodeFileSystem } from '../debug-adapter/launch/node-file-system.ts';
import { ELF_TYPE, ElfFile, type ElfSection, SECTION_FLAG, SECTION_TYPE } from '../formats/elf.ts';
import { type Command, ExitCode, type ParsedArguments, UsageError } from './command.ts';
import { disassembleSection, type DisassemblyRange } from './disassemble-section.ts';

export const command: Command = {
  name: 'disasm',
  positional: 'ELF',
  summary: 'Disassembles the code of an ELF file. Mapping symbols tell A32, Thumb and data apart.',
  options: {
    section: { value: 'NAME', help: 'only this section; default every section with code' },
    symbol: { value: 'NAME', help: 'only this function or label' },
  },
  run,
};

/** Characters gathered before they are written. */
const PIECE = 1 << 16;

async function run(args: ParsedArguments): Promise<number> {
  const path = args.onePositional('ELF file');
  if (path === undefined) throw new UsageError('Name the ELF file: trapline disasm ELF.');
  const { unpack } = await import('../emulator/boot/plan.ts');
  const { bytes } = await loadFile(nodeFileSystem, nodeFileSystem.resolve(process.cwd(), path), 'ELF file');
  const elf = new ElfFile(unpack(bytes, path), path).requireArm();
  const ranges = chooseRanges(elf, args.text('section'), args.text('symbol'));
  let piece = '';
  let broken = false;
  process.stdout.on('error', () => (broken = true));
  for (const range of ranges) {
    piece += `\nDisassembly of section ${range.section.name}:\n`;
    for (const line of disassembleSection(elf, range)) {
      piece += `${line}\n`;
      if (piece.length < PIECE) continue;
      if (!process.stdout.write(piece))
        await new Promise((resolve) => process.stdout.once('drain', resolve).once('error', resolve));
      piece = '';
      if (broken) return ExitCode.ok;
    }
  }
  process.stdout.write(piece);
  return ExitCode.ok;
}

const hasCode = (section: ElfSection): boolean =>
  (section.flags & SECTION_FLAG.execute) !== 0 && section.type !== SECTION_TYPE.nobits;

function chooseRanges(elf: ElfFile, sectionName?: string, symbolName?: string): DisassemblyRange[] {
  if (symbolName !== undefined) return [symbolRange(elf, symbolName)];
  const whole = (section: ElfSection): DisassemblyRange => ({ section, start: 0, end: section.size });
  if (sectionName === undefined) return elf.sections.filter(hasCode).map(whole);
  const section = elf.section(sectionName);
  if (!section) throw new UsageError(`${elf.name} has no section "${sectionName}".`);
  if (section.type === SECTION_TYPE.nobits) throw new UsageError(`Section "${sectionName}" holds nothing in the file.`);
  return [whole(section)];
}

function symbolRange(elf: ElfFile, name: string): DisassemblyRange {
  const symbol = elf.symbols.find(name);
  if (!symbol) throw new UsageError(`${elf.name} has no symbol "${name}".`);
  const section = elf.sections[symbol.section];
  if (!section || section.type === SECTION_TYPE.nobits)
    throw new UsageError(`Symbol "${name}" holds nothing in the file.`);
  const start = symbol.address - (elf.type === ELF_TYPE.relocatable ? 0 : section.address);
  return {
    section,
    start,
    end: symbol.size > 0 ? start + symbol.size : nextLabel(elf, section, symbol.address, start),
  };
}

/** A label has no size: it reaches to the next one, or to the end of its section. */
function nextLabel(elf: ElfFile, section: ElfSection, address: number, start: number): number {
  let next = address + section.size - start;
  for (let index = 1; index < elf.symbols.count; index++) {
    const symbol = elf.symbols.symbol(index);
    const isLabel = symbol.section === section.index && symbol.type <= 2 && !/^(\$[atd](\.|$)|$)/.test(symbol.name);
    if (isLabel && symbol.address > address && symbol.address < next) next = symbol.address;
  }
  return start + next - address;
}
