/**
 * Code that a kernel lends to user mode, by its symbols: a trap word there would be a system call of the program. Without
 * an end symbol the size of the first one counts. Linux: the kuser helpers (Documentation/arm/kernel_user_helpers.rst)
 * and the signal return code.
 */
export const USER_MODE_CODE: ReadonlyArray<readonly [start: string, end: string | undefined]> = [
  ['__kuser_helper_start', '__kuser_helper_end'],
  ['sigreturn_codes', undefined],
];
