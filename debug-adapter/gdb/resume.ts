/** The packets that make the guest go on: c, s, C, S and vCont, parsed into one form. */

/** What to do with the thread on the CPU; no other one can be made to go on. */
export type ResumeAction =
  | { type: 'continue' | 'step'; address?: number }
  /** Step while pc is in [start, end). */
  | { type: 'range'; start: number; end: number }
  | { type: 'stop' };

/** Parses `c`, `s` (with an optional address), `C` and `S` (with a signal, which a bare machine has no use for). */
export function parseSimpleResume(text: string): ResumeAction | undefined {
  const match = /^(?:([cs])|([CS])[0-9a-fA-F]{2};?)([0-9a-fA-F]{1,8})?$/.exec(text);
  if (!match) return undefined;
  const type = (match[1] ?? match[2]).toLowerCase() === 'c' ? 'continue' : 'step';
  return match[3] === undefined ? { type } : { type, address: parseInt(match[3], 16) };
}

/**
 * Parses what follows `vCont`: the first action that applies to the thread on the CPU, whatever else is asked of others.
 * `isCurrent` tells whether an id means it.
 */
export function parseVCont(text: string, isCurrent: (id: string) => boolean): ResumeAction | undefined {
  for (const part of text.split(';').slice(1)) {
    const match = /^(?:([cst])|([CS])[0-9a-fA-F]{2}|r([0-9a-fA-F]{1,8}),([0-9a-fA-F]{1,9}))(?::(.+))?$/.exec(part);
    if (!match) return undefined;
    const [, plain, signalled, start, end, thread] = match;
    if (thread !== undefined && !isCurrent(thread)) continue;
    if (start !== undefined) return { type: 'range', start: parseInt(start, 16), end: parseInt(end, 16) };
    const letter = (plain ?? signalled).toLowerCase();
    return { type: letter === 'c' ? 'continue' : letter === 's' ? 'step' : 'stop' };
  }
  return undefined;
}
