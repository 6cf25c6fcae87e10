/**
 * Whether a program built from patched sources is what patching its unpatched build as an ELF file gives: the same
 * sections, of the same sizes, with the same words, traps included.
 */
import { allocatedSections, SECTION_TYPE, type ElfFile, type ElfSection } from '../formats/elf.ts';
import { findSensitiveSites, patchElf, type PatchSite } from './patch.ts';

/** A section that takes memory in the target, in both files. */
export interface SectionComparison {
  readonly name: string;
  /** Bytes in the unpatched build and in the patched one; undefined where there is no such section. */
  readonly plainSize: number | undefined;
  readonly patchedSize: number | undefined;
  /** Traps that are the same word at the same place. */
  readonly traps: number;
  /** Other words that differ between the builds: none, when both ways agree. */
  readonly differences: number;
  /** Address (in a relocatable file: offset) of the first of them. */
  readonly firstDifference: number | undefined;
}

export interface PatchComparison {
  readonly sections: readonly SectionComparison[];
  /** Sensitive instructions of the unpatched build. */
  readonly sites: number;
  /** Those that are the same trap at the same place in the patched build. */
  readonly traps: number;
  /** Whether all sections have the same addresses, sizes and words. */
  readonly equal: boolean;
}

/** Type of the note that holds a build ID: a hash over the whole file, with its debug information. */
const NT_GNU_BUILD_ID = 3;
const NOTE_HEADER = 12;
const align4 = (size: number): number => (size + 3) & ~3;

/**
 * Compares what two ELF files put into memory, after the traps have been put into the first one. Build IDs may differ.
 * Throws an `InputError` for damaged files, and for a first file without mapping symbols.
 */
export function comparePatched(plain: ElfFile, patched: ElfFile): PatchComparison {
  const { sites } = findSensitiveSites(plain);
  const bySection = new Map<number, PatchSite[]>();
  for (const site of sites) {
    const own = bySection.get(site.section);
    if (own) own.push(site);
    else bySection.set(site.section, [site]);
  }
  patched.requireArm();
  const expected = patchElf(plain, sites);
  const others = new Map(loadedSections(patched));
  const sections: SectionComparison[] = [];
  let equal = true;
  for (const [key, section] of loadedSections(plain)) {
    const other = others.get(key);
    others.delete(key);
    const compared = compareSection(plain, expected, section, bySection.get(section.index) ?? [], patched, other);
    sections.push(compared);
    equal &&= compared.differences === 0 && other?.size === section.size && other.address === section.address;
  }
  for (const { name, size } of others.values()) {
    equal = false;
    sections.push({
      name,
      plainSize: undefined,
      patchedSize: size,
      traps: 0,
      differences: 0,
      firstDifference: undefined,
    });
  }
  return { sections, sites: sites.length, traps: sections.reduce((sum, { traps }) => sum + traps, 0), equal };
}

/** Sections that take memory, by name; sections of one name are numbered. */
function loadedSections(elf: ElfFile): [string, ElfSection][] {
  const counts = new Map<string, number>();
  return allocatedSections(elf).map((section) => {
    const number = counts.get(section.name) ?? 0;
    counts.set(section.name, number + 1);
    return [`${section.name} ${number}`, section];
  });
}

function compareSection(
  plain: ElfFile,
  expected: Uint8Array,
  section: ElfSection,
  sites: readonly PatchSite[],
  patched: ElfFile,
  other: ElfSection | undefined,
): SectionComparison {
  const start = section.offset;
  const before = expected.subarray(start, start + plain.sectionBytes(section).length);
  const after = other ? patched.sectionBytes(other) : new Uint8Array(0);
  const places = new Set(sites.map(({ fileOffset }) => fileOffset - start));
  const skipped = section.type === SECTION_TYPE.note ? buildIdRange(before) : undefined;
  let traps = 0;
  let differences = 0;
  let first: number | undefined;
  for (let at = 0; at < Math.min(before.length, after.length); at += 4) {
    if (skipped && at >= skipped.start && at < skipped.end) continue;
    const same = [0, 1, 2, 3].every((i) => before[at + i] === after[at + i]);
    if (!same) {
      differences++;
      first ??= section.address + at;
    } else if (places.has(at)) traps++;
  }
  return {
    name: section.name,
    plainSize: section.size,
    patchedSize: other?.size,
    traps,
    differences,
    firstDifference: first,
  };
}

/** Where the build ID stands in a section of notes; undefined when there is none. */
function buildIdRange(notes: Uint8Array): { start: number; end: number } | undefined {
  const view = new DataView(notes.buffer, notes.byteOffset, notes.byteLength);
  for (let at = 0; at + NOTE_HEADER <= notes.length;) {
    const [nameSize, size, type] = [0, 4, 8].map((offset) => view.getUint32(at + offset, true));
    const start = at + NOTE_HEADER + align4(nameSize);
    const name = String.fromCharCode(...notes.subarray(at + NOTE_HEADER, at + NOTE_HEADER + Math.min(nameSize, 4)));
    if (type === NT_GNU_BUILD_ID && name === 'GNU\0') return { start, end: start + align4(size) };
    const next = start + align4(size);
    // Sizes near 2^32 wrap in align4: a damaged note ends the search.
    if (next <= at) return undefined;
    at = next;
  }
  return undefined;
}
