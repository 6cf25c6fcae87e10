/** The settings of the server, `trapline.*`, as clients give them: read with care, since nothing checks them before. */
import { RULES, SEVERITIES, type Severity } from './rules/rules.ts';

export interface ServerSettings {
  /** By rule; `lpv` is all that need a trap. */
  readonly severities: ReadonlyMap<string, Severity>;
  /** Folders for #include; relative ones are of the workspace folder. */
  readonly includePaths: readonly string[];
  readonly defines: ReadonlyMap<string, string>;
  readonly config: string | undefined;
  readonly buildFolder: string | undefined;
  readonly compileCommands: string | undefined;
  /** Whether lines that the configuration disables are shown faded. */
  readonly inactive: boolean;
}

export const DEFAULT_SETTINGS: ServerSettings = {
  severities: new Map(),
  includePaths: [],
  defines: new Map(),
  config: undefined,
  buildFolder: undefined,
  compileCommands: undefined,
  inactive: true,
};

/** Settings, and what is wrong with them: each a sentence that names the setting. */
export interface ReadSettings {
  readonly settings: ServerSettings;
  readonly problems: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

class Reader {
  readonly problems: string[] = [];
  private readonly fields: Fields;

  constructor(fields: Fields) {
    this.fields = fields;
  }

  private wrong(name: string, wants: string): void {
    this.problems.push(`The setting trapline.${name} must be ${wants}; it is ignored.`);
  }

  /** A setting by its dotted name; clients send it nested or flat. Absent, null and the empty string are the default. */
  private get(name: string): unknown {
    if (Object.hasOwn(this.fields, name)) return this.fields[name] ?? undefined;
    let at: unknown = this.fields;
    for (const part of name.split('.')) at = isFields(at) && Object.hasOwn(at, part) ? at[part] : undefined;
    return at === '' ? undefined : (at ?? undefined);
  }

  text(name: string): string | undefined {
    const value = this.get(name);
    if (value === undefined || typeof value === 'string') return value;
    this.wrong(name, 'a string');
    return undefined;
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.get(name);
    if (typeof value === 'boolean') return value;
    if (value !== undefined) this.wrong(name, 'true or false');
    return otherwise;
  }

  texts(name: string): readonly string[] {
    const value = this.get(name);
    if (value === undefined) return [];
    if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
    this.wrong(name, 'a list of strings');
    return [];
  }

  table(name: string): ReadonlyMap<string, string> {
    const value = this.get(name);
    if (value === undefined) return new Map();
    if (isFields(value)) {
      return new Map(Object.entries(value).map(([key, text]) => [key, text === true ? '1' : String(text)]));
    }
    this.wrong(name, 'an object');
    return new Map();
  }

  severities(): ReadonlyMap<string, Severity> {
    const chosen = new Map<string, Severity>();
    for (const [rule, level] of this.table('lint.severity')) {
      const severity = SEVERITIES.find((name) => name === level);
      if (!severity) this.wrong(`lint.severity: ${rule}`, SEVERITIES.join(', '));
      else if (rule !== 'lpv' && !RULES.some(({ id }) => id === rule)) {
        this.problems.push(`The setting trapline.lint.severity names a rule "${rule}", which does not exist.`);
      } else chosen.set(rule, severity);
    }
    return chosen;
  }
}

/** Reads what a client sends as the section `trapline`. */
export function readSettings(section: unknown): ReadSettings {
  const reader = new Reader(isFields(section) ? section : {});
  const settings: ServerSettings = {
    severities: reader.severities(),
    includePaths: reader.texts('includePaths'),
    defines: reader.table('defines'),
    config: reader.text('kernelConfig'),
    buildFolder: reader.text('buildFolder'),
    compileCommands: reader.text('compileCommands'),
    inactive: reader.flag('lint.showInactive', true),
  };
  return { settings, problems: reader.problems };
}
