/** Checked access to the arguments of a request: a client may send anything. */
import { badArgument } from './errors.ts';

/** Bounds of a number. */
export interface Range {
  min?: number;
  max?: number;
  /** The value of an absent argument; without it the argument is required. */
  default?: number;
}

/** The `arguments` of one request. */
export class RequestArguments {
  readonly command: string;
  private readonly values: Readonly<Record<string, unknown>>;

  constructor(command: string, values: unknown) {
    this.command = command;
    if (values !== undefined && values !== null && !isRecord(values))
      throw badArgument(command, '"arguments"', 'an object');
    this.values = values ?? {};
  }

  /** All arguments as they came. */
  get raw(): Readonly<Record<string, unknown>> {
    return this.values;
  }

  string(name: string): string {
    const value = this.optionalString(name);
    if (value === undefined) throw badArgument(this.command, name, 'a string');
    return value;
  }

  optionalString(name: string): string | undefined {
    const value = this.values[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw badArgument(this.command, name, 'a string');
    return value;
  }

  boolean(name: string): boolean {
    const value = this.values[name];
    if (value === undefined || value === null) return false;
    if (typeof value !== 'boolean') throw badArgument(this.command, name, 'true or false');
    return value;
  }

  integer(name: string, range: Range = {}): number {
    const { min = -(2 ** 40), max = 2 ** 40 } = range;
    const value = this.values[name] ?? range.default;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      const bounds = range.min === undefined ? '' : range.max === undefined ? ` from ${min}` : ` from ${min} to ${max}`;
      throw badArgument(this.command, name, `an integer${bounds}`);
    }
    return value;
  }

  /** A list of objects, each with checked access of its own; empty when absent. */
  list(name: string): RequestArguments[] {
    const value = this.values[name];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value) || !value.every(isRecord)) throw badArgument(this.command, name, 'a list of objects');
    return value.map((item) => new RequestArguments(this.command, item));
  }
}

/** Whether a value is an object with named members. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
