/** The one error for input that is not what it claims to be: files, options, addresses. Its message is for the user. */

/** Where the problem is and what to do about it. */
export interface InputErrorDetails {
  /** File or option the problem is in. */
  readonly file?: string | undefined;
  /** Byte offset in the file. */
  readonly offset?: number | undefined;
  /** What the user can do, a sentence without its full stop. */
  readonly remedy?: string | undefined;
}

/** Malformed or unusable input. `message` is one line: the place, the problem, the remedy. */
export class InputError extends Error {
  readonly file: string | undefined;
  readonly offset: number | undefined;
  readonly remedy: string | undefined;

  /** `problem` is a clause without a full stop, e.g. `section 3 lies outside the file`. */
  constructor(problem: string, details: InputErrorDetails = {}) {
    const { file, offset, remedy } = details;
    const place = file === undefined ? '' : `${file}: `;
    const where = offset === undefined ? '' : ` (at offset 0x${offset.toString(16)})`;
    super(`${place}${problem}${where}.${remedy === undefined ? '' : ` ${remedy}.`}`);
    this.name = 'InputError';
    this.file = file;
    this.offset = offset;
    this.remedy = remedy;
  }
}

/** An address or word for a message: `0xc0008000`. */
export function hex(value: number, digits = 8): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;
}
