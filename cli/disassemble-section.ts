/** The lines of a disassembled section. */
import { trapMeaning } from '../debug-adapter/dap/trap-meaning.ts';
import { ELF_TYPE, type ElfFile, type ElfSection, type MappingKind } from '../formats/elf.ts';
import { disassemble } from '../isa/disassemble.ts';

/** Offsets into a section. */
export interface DisassemblyRange {
  section: ElfSection;
  start: number;
  end: number;
}

const hex = (value: number, digits = 8): string => (value >>> 0).toString(16).padStart(digits, '0');

/** Symbol types that name an address: no type, object, function. */
const LAST_LABEL_TYPE = 2;
/** What may be in the name of a symbol and must not reach a terminal. */
const CONTROL = /\p{Cc}/gu;

/** Yields one line an instruction or datum, and a line for each symbol at its address. */
export function* disassembleSection(elf: ElfFile, { section, start, end }: DisassemblyRange): Generator<string> {
  const relocatable = elf.type === ELF_TYPE.relocatable;
  const base = relocatable ? 0 : section.address;
  const bytes = elf.sectionBytes(section);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = Math.min(end, bytes.length);
  const labels = collectLabels(elf, section);
  const kinds = kindsOf(elf, section);
  const symbolize = (address: number): string | undefined =>
    elf.symbols.describe(address, relocatable ? section.index : undefined)?.replace(CONTROL, '?');
  for (let offset = start; offset < last;) {
    const address = base + offset;
    const names = labels.get(address) ?? [];
    if (names.length > 0) yield '';
    for (const name of names) yield `${hex(address)} <${name}>:`;
    const kind = kinds(address);
    const left = last - offset;
    const line = (size: number, digits: string, text: string): string => {
      offset += size;
      return `${hex(address)}:  ${digits.padEnd(9)}  ${text}`;
    };
    if (kind === 't' && left >= 2 && address % 2 === 0) {
      const half = view.getUint16(offset, true);
      const next = left >= 4 ? { next: view.getUint16(offset + 2, true) } : {};
      const { text, decoded } = disassemble(half, address, { thumb: true, symbolize, ...next });
      const second = decoded.size === 4 ? ` ${hex(next.next ?? 0, 4)}` : '';
      yield line(decoded.size, `${hex(half, 4)}${second}`, text);
    } else if (left < 4 || address % 4 !== 0) {
      yield line(1, hex(bytes[offset], 2), `.byte 0x${hex(bytes[offset], 2)}`);
    } else {
      const word = view.getUint32(offset, true);
      const text = kind === 'd' ? `.word 0x${hex(word)}` : disassemble(word, address, { symbolize }).text;
      const meaning = kind === 'd' ? undefined : trapMeaning(word, address, symbolize);
      yield line(4, hex(word), meaning === undefined ? text : `${text}  ; ${meaning}`);
    }
  }
}

function collectLabels(elf: ElfFile, section: ElfSection): Map<number, string[]> {
  const labels = new Map<number, string[]>();
  for (let index = 1; index < elf.symbols.count; index++) {
    if (elf.symbols.sections[index] !== section.index) continue;
    const { name, address, type } = elf.symbols.symbol(index);
    if (name === '' || type > LAST_LABEL_TYPE || /^\$[atd](\.|$)/.test(name)) continue;
    const names = labels.get(address);
    if (names) names.push(name.replace(CONTROL, '?'));
    else labels.set(address, [name.replace(CONTROL, '?')]);
  }
  return labels;
}

/** What an address holds by its section's mapping symbols; asked for ascending addresses. */
function kindsOf(elf: ElfFile, section: ElfSection): (address: number) => MappingKind {
  const mapping = elf.mappingSymbols(section);
  let at = 0;
  return (address) => {
    while (at < mapping.length && mapping[at].address <= address) at++;
    return at === 0 ? 'a' : mapping[at - 1].kind;
  };
}
