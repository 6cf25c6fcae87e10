/**
 * The assembler's answer to what the linter claims: the sensitive words of an object with debug information, each with
 * the line to which the assembler attributes it.
 */
import { spawnSync } from 'node:child_process';
import { normalize } from 'node:path';
import { sensitiveClass } from '../../isa/sensitivity.ts';
import type { Finding } from '../../language-server/rules/finding.ts';

/** A sensitive word and its line. */
export interface SensitiveWord {
  readonly file: string;
  readonly line: number;
  readonly class: string;
  readonly word: number;
}

/** The sensitive ARM words of an object, as objdump shows them with their lines. */
export function sensitiveWordsOf(object: string, objdump = 'arm-none-eabi-objdump'): SensitiveWord[] {
  const run = (...args: string[]): string =>
    spawnSync(objdump, ['-d', '-l', '-z', ...args, object], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;
  // Code may stand in .data too, which is shown only by name; an object need not have it.
  const output = run() + run('-j', '.data');
  const words: SensitiveWord[] = [];
  let file = '';
  let line = 0;
  for (const text of output.split('\n')) {
    const place = /^(\/.*|[^\s:][^:]*):(\d+)(?: \(discriminator \d+\))?$/.exec(text);
    if (place) {
      file = normalize(place[1]);
      line = Number(place[2]);
      continue;
    }
    const code = /^\s*[0-9a-f]+:\s+([0-9a-f]{8})\s+(\S+)/.exec(text);
    if (!code || code[2] === '.word') continue;
    const word = parseInt(code[1], 16);
    const found = sensitiveClass(word);
    if (found !== 'none') words.push({ file, line, class: found, word });
  }
  return words;
}

/** What the linter says the assembler makes of a unit. */
export function claimedWords(
  findings: readonly Finding[],
): (Omit<SensitiveWord, 'word'> & { word: number | undefined })[] {
  return findings.flatMap(({ occurrences, thumb }) =>
    thumb ? [] : occurrences.map(({ file, line, class: found, word }) => ({ file, line, class: found, word })),
  );
}

export interface Comparison {
  readonly truth: number;
  readonly claimed: number;
  /** In the object and claimed: same line, class and, where the linter knows it, word. */
  readonly agreed: number;
  readonly missed: readonly string[];
  readonly wrong: readonly string[];
}

const describeWord = ({
  file,
  line,
  class: found,
  word,
}: {
  file: string;
  line: number;
  class: string;
  word: number | undefined;
}): string => `${file}:${line} ${found}${word === undefined ? '' : ` ${word.toString(16).padStart(8, '0')}`}`;

/** Compares as multisets. */
export function compareWords(
  truth: readonly SensitiveWord[],
  claimed: readonly (Omit<SensitiveWord, 'word'> & { word: number | undefined })[],
): Comparison {
  const left = [...truth];
  const wrong: string[] = [];
  // Exact claims first, so that a claim without a word does not take the place of one with it.
  const ordered = [...claimed].sort((a, b) => Number(a.word === undefined) - Number(b.word === undefined));
  for (const claim of ordered) {
    const at = left.findIndex(
      (word) =>
        // The assembler gives no lines to code in sections of data.
        (word.line === 0 || (word.file === claim.file && word.line === claim.line)) &&
        word.class === claim.class &&
        (claim.word === undefined || claim.word === word.word),
    );
    if (at < 0) wrong.push(describeWord(claim));
    else left.splice(at, 1);
  }
  return {
    truth: truth.length,
    claimed: claimed.length,
    agreed: claimed.length - wrong.length,
    missed: left.map(describeWord),
    wrong,
  };
}
