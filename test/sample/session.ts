/** A session at the sample kernel's prompt that uses every command, for tests that run it. */

/** Typed line by line; each waits for the prompt, as the kernel echoes a line when it reads it. */
export const SESSION = [
  'help',
  'uptime',
  'mem',
  'regs',
  'cp15',
  'probe',
  'fork',
  'run upper',
  'mixed Case 42',
  'run spin &',
  'ps',
  'maps 7',
  'kill 7',
  'kill 99',
  'run orphan',
  'run sleep 4 &',
  'run nothing',
  'frobnicate',
  'profile',
  ...['null', 'kernel', 'text', 'align', 'undef', 'cp15', 'jump', 'stack', 'bkpt', 'other'].map(
    (kind) => `fault ${kind}`,
  ),
  'faults',
  'syscalls',
  // Erased characters, an abandoned line, and the line before once more.
  'memx\x7f',
  'poweroff\x15mem',
  'poweroff\x03\x1b[A',
  'selftest',
] as const;

/** What `selftest` ends with when every check held. */
export const SELFTEST_OK = /^SAMPLE-SELFTEST-OK\r?$/m;

/** The characters of a session that ends with `end`. */
export function typed(end = 'poweroff'): string {
  return [...SESSION, end].map((line) => `${line}\n`).join('');
}
