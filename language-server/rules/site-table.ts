/**
 * Where sensitive instructions are gathered while files are read. Everything that reading finds is a note: plain data, so that
 * files may be read elsewhere and their notes taken in their order, with the same result.
 */
import type { OperandContext } from '../../isa/assemble.ts';
import type { SensitiveClass } from '../../isa/sensitivity.ts';
import type { Source } from '../parse/source.ts';
import type { Occurrence, Place } from './finding.ts';
import { writtenNames } from './names.ts';
import { aliasesOf } from './written-sites.ts';

/** A sensitive instruction of a file, by the offset of its mnemonic. */
interface SiteNote {
  readonly source: Source;
  readonly start: number;
}

/** An instruction that the assembler makes. */
export interface MadeNote extends SiteNote {
  readonly kind: 'made';
  readonly end: number;
  readonly class: SensitiveClass;
  readonly word: number | undefined;
  /** The line to which the assembler attributes it. */
  readonly place: Place;
  readonly inMacro: boolean;
  readonly userMode: boolean;
  readonly thumb: boolean;
  readonly pasted: boolean;
  /** The statement as it stands in the file; absent when an earlier note of the same reader has it. */
  readonly written?: string | undefined;
}

/** An instruction that is written, whether or not anything makes it. */
export interface WrittenNote extends SiteNote {
  readonly kind: 'written';
  readonly end: number;
  readonly class: SensitiveClass;
  readonly text: string;
  readonly inMacro: boolean;
  readonly thumb: boolean;
  readonly disabled: boolean;
}

/** A site stands in a template of an asm statement. */
export interface TemplateNote extends SiteNote {
  readonly kind: 'template';
  readonly needsString: boolean;
  /** The statement with its escapes decoded. */
  readonly written: string;
}

/** The configuration disables a site of C. */
export interface DisabledNote extends SiteNote {
  readonly kind: 'disabled';
}

/** A register alias reaches a macro: `start` is the end of its definition. */
export interface AliasNote extends SiteNote {
  readonly kind: 'alias';
  /** Name and register. */
  readonly alias: string;
}

export type Note = MadeNote | WrittenNote | TemplateNote | DisabledNote | AliasNote;

/** A site while it is being gathered. */
export interface Site {
  readonly source: Source;
  readonly start: number;
  end: number;
  readonly classes: Set<SensitiveClass>;
  readonly words: Set<number>;
  readonly occurrences: Occurrence[];
  inMacro: boolean;
  /** Seen by the assembler, not only in the text. */
  active: boolean;
  thumb: boolean;
  arm: boolean;
  userMode: boolean;
  pasted: boolean;
  needsString: boolean;
  compiled: boolean;
  /** Inside a string literal, where escapes are needed. */
  inString: boolean;
  /** Operands as written, when they were known while gathering. */
  written: string;
  names: OperandContext;
}

/** A site with nothing known but its place. */
function newSite({ source, start, end, class: found }: MadeNote | WrittenNote): Site {
  return {
    source,
    start,
    end,
    classes: new Set([found]),
    words: new Set(),
    occurrences: [],
    inMacro: false,
    active: false,
    thumb: false,
    arm: false,
    userMode: false,
    pasted: false,
    needsString: false,
    compiled: false,
    inString: false,
    written: '',
    names: writtenNames(aliasesOf(source)),
  };
}

/** A macro that makes its argument a statement, such as ARM(...). */
const WRAPPED = /^[A-Za-z_]\w*\(/;

/** Sites by file and offset. */
export class SiteTable {
  /** Register aliases that reach macro parameters, by file and end of their definition. */
  readonly aliases = new Map<Source, Map<number, string>>();
  private readonly sites = new Map<Source, Map<number, Site>>();
  private readonly log: ((note: Note) => void) | undefined;

  /** `log` gets every note that is taken. */
  constructor(log?: (note: Note) => void) {
    this.log = log;
  }

  find(source: Source, start: number): Site | undefined {
    return this.sites.get(source)?.get(start);
  }

  /** Takes a note. The order of notes matters. */
  take(note: Note): void {
    this.log?.(note);
    switch (note.kind) {
      case 'made':
        this.takeMade(note);
        return;
      case 'written':
        this.takeWritten(note);
        return;
      case 'template':
        this.takeTemplate(note);
        return;
      case 'disabled': {
        const site = this.find(note.source, note.start);
        if (site) site.active = false;
        return;
      }
      case 'alias': {
        const ends = this.aliases.get(note.source) ?? new Map<number, string>();
        this.aliases.set(note.source, ends.set(note.start, note.alias));
      }
    }
  }

  private at(note: MadeNote | WrittenNote): Site {
    let ofSource = this.sites.get(note.source);
    if (!ofSource) this.sites.set(note.source, (ofSource = new Map<number, Site>()));
    let site = ofSource.get(note.start);
    if (!site) ofSource.set(note.start, (site = newSite(note)));
    return site;
  }

  private takeMade(note: MadeNote): void {
    const { class: found, word, place } = note;
    const site = this.at(note);
    site.end = Math.max(site.end, note.end);
    site.classes.add(found);
    if (word !== undefined) site.words.add(word);
    site.active = true;
    site.userMode ||= note.userMode;
    if (note.thumb) site.thumb = true;
    else site.arm = true;
    site.inMacro ||= note.inMacro;
    site.pasted ||= note.pasted;
    site.occurrences.push({ ...place, class: found, word });
    if (site.written === '' && note.written !== undefined) {
      site.written = note.written;
      site.pasted ||= WRAPPED.test(site.written);
    }
  }

  private takeWritten(note: WrittenNote): void {
    const known = this.find(note.source, note.start);
    const site = known ?? this.at(note);
    site.written = note.text;
    if (known) {
      known.inMacro ||= note.inMacro;
      known.end = note.end;
    } else {
      site.inMacro = note.inMacro && !note.disabled;
      site.thumb = note.thumb;
    }
  }

  private takeTemplate(note: TemplateNote): void {
    const site = this.find(note.source, note.start);
    if (!site) return;
    site.inString = true;
    site.compiled = true;
    site.needsString = note.needsString;
    // A range with a quote in it goes over several pieces.
    site.pasted = note.needsString || site.source.text.slice(site.start, site.end).includes('"');
    // The mnemonic of a pasted one is only one of those it can have.
    site.written = note.written;
    // One word in the text is many in the objects, by the compiler's choice of registers.
    site.occurrences.length = 0;
    site.inMacro = false;
  }

  *[Symbol.iterator](): Iterator<Site> {
    for (const ofSource of this.sites.values()) yield* ofSource.values();
  }
}
