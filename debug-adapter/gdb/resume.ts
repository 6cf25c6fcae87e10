/** The packets that make the guest go on: c, s, C, S and vCont, parsed into one form. */

/** What to do with the only thread. */
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

/** Parses what follows `vCont`: the first action that applies to thread 1, whatever else is asked of other threads. */
export function parseVCont(text: string): ResumeAction | undefined {
  for (const part of text.split(';').slice(1)) {
    const match = /^(?:([cst])|([CS])[0-9a-fA-F]{2}|r([0-9a-fA-F]{1,8}),([0-9a-fA-F]{1,9}))(?::(.+))?$/.exec(part);
    if (!match) return undefined;
    const [, plain, signalled, start, end, thread] = match;
    if (thread !== undefined && !isOurThread(thread)) continue;
    if (start !== undefined) return { type: 'range', start: parseInt(start, 16), end: parseInt(end, 16) };
    const letter = (plain ?? signalled).toLowerCase();
    return { type: letter === 'c' ? 'continue' : letter === 's' ? 'step' : 'stop' };
  }
  return undefined;
}

/** Whether a thread id means our thread 1: itself, any (0) or all (-1), also in the multiprocess form. */
export function isOurThread(id: string): boolean {
  return /^(?:p(?:-1|0*1)(?:\.|$))?(?:-1|0*[01])?$/.test(id) && id !== '';
}
