/**
 * Lightweight paravirtualization of a built kernel: every sensitive instruction of its code becomes the one trap word
 * that encodes it, in place. Size, layout, branch distances and literal pools stay as they were.
 *
 * What is rewritten: 32-bit words of executable sections (SHF_EXECINSTR) that the mapping symbols call ARM code ($a).
 * What is left alone:
 * - data ($d), so a literal that looks like an instruction stays what it is;
 * - Thumb code ($t), which has no sensitive instruction before ARMv6 (CPS and SETEND exist from then on), counted;
 * - coprocessor instructions, which trap by themselves in user mode;
 * - code that the kernel lends to user mode, where a trap word would be a system call of the program: the kuser helpers
 *   of the vector page (__kuser_helper_start to __kuser_helper_end; Linux Documentation/arm/kernel_user_helpers.rst)
 *   and the signal return code (sigreturn_codes; system calls only). What is sensitive there must behave as in user
 *   mode anyway, and the thread register read of the TLS helper (MRC) is allowed to user mode.
 * The vector page itself (.vectors and .stubs, linked at 0xffff0000 and copied there at boot) is kernel code and is
 * rewritten where it lies in the image.
 */
import type { BootPlan } from '../emulator/boot/plan.ts';
import { codeSections, ELF_TYPE, sectionLoadAddress, type ElfFile, type ElfSection } from '../formats/elf.ts';
import { InputError } from '../formats/input-error.ts';
import { decodeTrap, encodeTrap } from '../isa/lpv.ts';
import { sensitiveClass, trapsInUserMode, type SensitiveClass } from '../isa/sensitivity.ts';
import { USER_MODE_CODE } from '../isa/user-mode-code.ts';

/** A word that is, or would be, rewritten. */
export interface PatchSite {
  /** Virtual address; an offset into the section in a relocatable file. */
  readonly address: number;
  /** Index of its section. */
  readonly section: number;
  /** Offset of the word in the ELF file. */
  readonly fileOffset: number;
  /** The sensitive instruction. */
  readonly word: number;
  /** Its trap. */
  readonly trap: number;
  /** Its sensitive class, e.g. `LDM3`. */
  readonly rowClass: SensitiveClass;
}

/** All sensitive instructions of a file, and what else was met in its code. */
export interface SensitiveSites {
  readonly sites: PatchSite[];
  /** Sites by `rowClass`. */
  readonly byClass: Record<string, number>;
  /** Coprocessor instructions, left because they trap by themselves. */
  readonly alreadyTraps: number;
  /** Addresses of words that were there before and that the hypervisor takes for a trap: SWI, LDC/STC to CP1-6. */
  readonly ambiguous: number[];
  /** Addresses of sensitive words that have no trap (UNPREDICTABLE forms of CPS), left alone. */
  readonly withoutTrap: number[];
  /** Sensitive words in code that runs in user mode, left alone. */
  readonly userMode: number[];
  /** Names of executable sections without mapping symbols, left alone. */
  readonly unmapped: string[];
  /** Bytes of Thumb code, left alone. */
  readonly thumbBytes: number;
}

/** A range of ARM code in a section. */
interface CodeRange {
  readonly section: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the sensitive instructions of an ARM ELF file (program or relocatable object). Throws an `InputError` when the
 * file has code but no mapping symbols, without which code cannot be told from data.
 */
export function findSensitiveSites(elf: ElfFile): SensitiveSites {
  elf.requireArm();
  const found: Mutable<SensitiveSites> = {
    sites: [],
    byClass: {},
    alreadyTraps: 0,
    ambiguous: [],
    withoutTrap: [],
    userMode: [],
    unmapped: [],
    thumbBytes: 0,
  };
  const sections = codeSections(elf);
  if (sections.length > 0 && !elf.symbols.hasMapping) {
    throw new InputError('stripped of its mapping symbols ($a, $t, $d), without which code cannot be told from data', {
      file: elf.name,
      remedy: 'Give the file as the linker made it, or strip it with --strip-debug only',
    });
  }
  const userMode = userModeRanges(elf);
  for (const section of sections)
    scanSection(
      elf,
      section,
      userMode.filter((range) => range.section === section.index),
      found,
    );
  return found;
}

/**
 * Rewrites the kernel of a boot plan in place, before it is copied into RAM. The plan needs an ELF file: the kernel
 * itself, or the symbols of an Image. Throws an `InputError` for a zImage, for an Image without symbols, and for a
 * file without mapping symbols.
 */
export function patchPlan(plan: BootPlan): SensitiveSites {
  const { elf, physicalOffset, kernelName } = plan;
  if (plan.kind === 'zimage') {
    throw new InputError('a zImage cannot be paravirtualized: its kernel is compressed', {
      file: kernelName,
      remedy: 'Give the vmlinux, or the Image with --symbols vmlinux, or use --mode native',
    });
  }
  if (!elf || physicalOffset === undefined) {
    throw new InputError('an Image cannot be paravirtualized without symbols: code cannot be told from data', {
      file: kernelName,
      remedy: 'Give its vmlinux with --symbols, or use --mode native',
    });
  }
  const found = findSensitiveSites(elf);
  const places = new Map<number, number>();
  for (const site of found.sites) {
    let place = places.get(site.section);
    if (place === undefined) {
      const section = elf.sections[site.section];
      const load = sectionLoadAddress(elf, section);
      if (load === undefined) {
        throw new InputError(`section ${section.name} holds code but belongs to no loadable segment`, {
          file: elf.name,
          remedy: 'Link it again with its own program headers',
        });
      }
      place = load + physicalOffset - section.address;
      places.set(site.section, place);
    }
    writeWord(plan, elf, (site.address + place) >>> 0, site);
  }
  return found;
}

/** Writes the traps into a copy of the ELF file's bytes. */
export function patchElf(elf: ElfFile, sites: readonly PatchSite[]): Uint8Array {
  const bytes = new Uint8Array(elf.bytes);
  const view = new DataView(bytes.buffer);
  for (const site of sites) view.setUint32(site.fileOffset, site.trap, true);
  return bytes;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function scanSection(
  elf: ElfFile,
  section: ElfSection,
  userMode: readonly CodeRange[],
  found: Mutable<SensitiveSites>,
): void {
  const mapping = elf.mappingSymbols(section);
  if (mapping.length === 0) {
    // Linux has a byte in the place of each table that it makes while it loads a module.
    if (section.size < 4) return;
    found.unmapped.push(section.name);
    return;
  }
  // In a relocatable file, symbol values are offsets into their section.
  const base = elf.type === ELF_TYPE.relocatable ? 0 : section.address;
  const bytes = elf.sectionBytes(section);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = base + bytes.length;
  mapping.forEach(({ address, kind }, i) => {
    const last = Math.min(mapping[i + 1]?.address ?? end, end);
    const first = Math.max(address, base);
    if (kind === 't' && last > first) found.thumbBytes += last - first;
    if (kind !== 'a') return;
    for (let at = Math.ceil(first / 4) * 4; at + 4 <= last; at += 4) {
      const word = view.getUint32(at - base, true);
      const rowClass = sensitiveClass(word);
      if (decodeTrap(word) !== undefined) found.ambiguous.push(at);
      if (rowClass === 'none') continue;
      if (trapsInUserMode(rowClass)) {
        found.alreadyTraps++;
        continue;
      }
      if (userMode.some((range) => at >= range.start && at < range.end)) {
        found.userMode.push(at);
        continue;
      }
      const trap = encodeTrap(word);
      if (trap === undefined) {
        found.withoutTrap.push(at);
        continue;
      }
      const fileOffset = section.offset + at - base;
      found.byClass[rowClass] = (found.byClass[rowClass] ?? 0) + 1;
      found.sites.push({ address: at, section: section.index, fileOffset, word, trap, rowClass });
    }
  });
}

function userModeRanges(elf: ElfFile): CodeRange[] {
  return USER_MODE_CODE.flatMap(([startName, endName]) => {
    const start = elf.symbols.find(startName);
    if (!start) return [];
    const end = endName === undefined ? undefined : elf.symbols.find(endName);
    return [{ section: start.section, start: start.address, end: end?.address ?? start.address + start.size }];
  });
}

function writeWord(plan: BootPlan, elf: ElfFile, physical: number, site: PatchSite): void {
  const chunk = plan.chunks.find(({ address, bytes }) => physical >= address && physical + 4 <= address + bytes.length);
  if (chunk) {
    const { bytes } = chunk;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint32(physical - chunk.address, true) === site.word) {
      view.setUint32(physical - chunk.address, site.trap, true);
      return;
    }
  }
  const name = elf.sections[site.section].name;
  throw new InputError(`the kernel in memory does not hold the code of section ${name}`, {
    file: elf.name,
    offset: site.fileOffset,
    remedy: 'Give the vmlinux that belongs to this kernel',
  });
}
