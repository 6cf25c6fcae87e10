/* Code loading and self-modification.
 * PHASE 1: copy a 1 KB routine to one of 64 page-aligned places, flush, run.
 * PHASE 2: patch an immediate of a short routine in place, flush, run.
 * PHASE 3: as 2, with data in the same page as the code. */
#include "common.h"
#define AREA 0xC0100000u
extern char tmpl_start[], tmpl_end[], pt_start[], pt_end[];
__asm__(
    ".text\n"
    ".arm\n"
    ".globl tmpl_start, tmpl_end\n"
    "tmpl_start:\n"
    "  mov r2, #20\n"
    "  mov r3, r0\n"
    "1: eor r3, r3, r2, lsl #3\n"
    ".rept 120\n"
    "  add r3, r3, r3, ror #7\n"
    "  eor r0, r0, r3\n"
    ".endr\n"
    "  cmp r0, r3\n"
    "  addhi r0, r0, #1\n"
    "  subs r2, r2, #1\n"
    "  bne 1b\n"
    "  bx lr\n"
    ".ltorg\n"
    "tmpl_end:\n"
    ".globl pt_start, pt_end\n"
    "pt_start:\n"
    "  mov r1, #0\n"
    "  add r0, r0, r1\n"
    "  eor r0, r0, r0, ror #5\n"
    "  mov r2, #10\n"
    "1: add r0, r0, r2\n"
    "  subs r2, r2, #1\n"
    "  bne 1b\n"
    "  bx lr\n"
    "pt_end:\n");

void bench_main(void) {
  u32 x = 1;
  bench_begin(BENCHNAME);
#if PHASE == 1
  for (u32 it = 0; it < ITERS; it++) {
    u32 d = AREA + ((it & 63) << 12);
    memcpy((void *)d, tmpl_start, (u32)(tmpl_end - tmpl_start));
    *(u32 *)d = 0xe3a02000 | (16 + (it & 7));
    icache_flush();
    x = ((u32 (*)(u32))d)(x + it);
  }
#else
  u32 d = AREA;
  memcpy((void *)d, pt_start, (u32)(pt_end - pt_start));
  for (u32 it = 0; it < ITERS; it++) {
    *(u32 *)d = 0xe3a01000 | (it & 0xff);
    icache_flush();
    x = ((u32 (*)(u32))d)(x);
    x = ((u32 (*)(u32))d)(x);
#if PHASE == 3
    ((volatile u32 *)d)[512 + (it & 255)] = x;
#endif
  }
#endif
  bench_end(x);
}
