/**
 * The macros of a unit while it is read. What reading a header asks for and changes can be recorded, so that another unit
 * in which the same names mean the same need not read it again.
 */
import type { Macro, MacroTable } from './macros.ts';

/** What a stretch of a unit has asked about macros, and what it has changed. */
export class MacroRecording {
  /** What each name meant before, by the names that were asked for. */
  readonly reads = new Map<string, Macro | undefined>();
  /** What each name that was defined or undefined means after. */
  readonly writes = new Map<string, Macro | undefined>();
  readonly outer: MacroRecording | undefined;

  constructor(outer: MacroRecording | undefined) {
    this.outer = outer;
  }

  read(name: string, value: Macro | undefined): void {
    if (!this.writes.has(name) && !this.reads.has(name)) this.reads.set(name, value);
  }
}

export class MacroScope {
  private readonly macros: Map<string, Macro>;
  private recording: MacroRecording | undefined;

  constructor(macros: MacroTable) {
    this.macros = new Map(macros);
  }

  /** The macros as they are now. */
  get table(): MacroTable {
    return this.macros;
  }

  get(name: string): Macro | undefined {
    const macro = this.macros.get(name);
    this.recording?.read(name, macro);
    return macro;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Defines a name, or with undefined takes its definition away. */
  set(name: string, macro: Macro | undefined): void {
    this.recording?.writes.set(name, macro);
    if (macro) this.macros.set(name, macro);
    else this.macros.delete(name);
  }

  /** Records from here to `end`; recordings nest. */
  begin(): void {
    this.recording = new MacroRecording(this.recording);
  }

  /** Ends the recording begun last; it is part of the one around it. */
  end(): MacroRecording {
    const ended = this.recording!;
    const { outer } = ended;
    this.recording = outer;
    if (outer) {
      for (const [name, value] of ended.reads) outer.read(name, value);
      for (const [name, value] of ended.writes) outer.writes.set(name, value);
    }
    return ended;
  }

  /** Whether names mean what they meant to a recording. */
  matches(names: readonly string[], values: readonly (Macro | undefined)[]): boolean {
    const { macros } = this;
    for (let i = 0; i < names.length; i++) if (macros.get(names[i]) !== values[i]) return false;
    return true;
  }

  /** Does what a recording did; `matches` has said that it may. */
  repeat(
    names: readonly string[],
    values: readonly (Macro | undefined)[],
    writes: ReadonlyArray<readonly [string, Macro | undefined]>,
  ): void {
    const { recording } = this;
    if (recording) for (let i = 0; i < names.length; i++) recording.read(names[i], values[i]);
    for (let i = 0; i < writes.length; i++) this.set(writes[i][0], writes[i][1]);
  }
}
