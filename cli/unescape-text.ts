/** Escapes in text on the command line. */
import { UsageError } from './command.ts';

const ESCAPES: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, e: 0x1b, '\\': 0x5c };

/** The bytes of a text in which `\n`, `\r`, `\t`, `\e`, `\\` and `\xHH` stand for characters; the rest is UTF-8. */
export function unescapeText(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const part of text.match(/\\x[0-9a-fA-F]{2}|\\.?|[^\\]+/gsu) ?? []) {
    if (part[0] !== '\\') bytes.push(...new TextEncoder().encode(part));
    else if (part.length === 4) bytes.push(parseInt(part.slice(2), 16));
    else if (part.length === 2 && Object.hasOwn(ESCAPES, part[1])) bytes.push(ESCAPES[part[1]]);
    else throw new UsageError(`--input: "${part}" is no escape; \\n, \\r, \\t, \\e, \\\\ and \\xHH are.`);
  }
  return Uint8Array.from(bytes);
}
