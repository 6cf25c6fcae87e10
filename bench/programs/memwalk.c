/* A 16 MB window of 4 KB pages in shuffled physical order.
 * PHASE 1: block copies. PHASE 2: strides over pages, pointer chases, TLB flushes. */
#include "common.h"
#define WIN 0xD0000000u
#define PAGES 4096u

static void map(void) {
  u32 *l1 = (u32 *)0xC0004000;
  u32 *l2 = (u32 *)0xC000A000; /* 16 coarse tables from PA 0xA000, four to a page */
  for (u32 i = 0; i < PAGES; i++) {
    u32 p = (i * 2741u + 17u) & (PAGES - 1);
    l2[i] = (0x1000000u + (p << 12)) | 0xffe;
  }
  for (u32 i = 0; i < 16; i++) {
    l1[(WIN >> 20) + i] = (0xA000 + i * 0x400) | 0x11;
  }
  tlb_flush();
}

static __attribute__((noinline)) void copy(u32 *d, const u32 *s, u32 bytes) {
  __asm__ volatile(
      "1: ldmia %1!, {r4-r11}\n"
      "   stmia %0!, {r4-r11}\n"
      "   subs %2, %2, #32\n"
      "   bne 1b\n"
      : "+r"(d), "+r"(s), "+r"(bytes)
      :
      : "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory");
}

static __attribute__((noinline)) u32 sumwords(const u32 *p, u32 n) {
  u32 s = 0;
  while (n--) {
    s = s * 3 + *p++;
  }
  return s;
}

static __attribute__((noinline)) u32 stride(u32 base, u32 rounds) {
  u32 s = 0;
  for (u32 r = 0; r < rounds; r++) {
    for (u32 i = 0; i < PAGES; i++) {
      volatile u32 *p = (u32 *)(base + (i << 12) + ((i * 68) & 0xffc));
      s += *p;
      *p = s;
    }
  }
  return s;
}

static __attribute__((noinline)) u32 chase(u32 base, u32 steps) {
  u32 x = base;
  while (steps--) {
    x = *(u32 *)x;
  }
  return x;
}

void bench_main(void) {
  map();
  u32 *w = (u32 *)WIN;
  for (u32 i = 0; i < (PAGES << 10); i++) {
    w[i] = i * 2654435761u;
  }
  u32 sum = 0;
  bench_begin(BENCHNAME);
  for (u32 it = 0; it < ITERS; it++) {
#if PHASE == 1
    copy((u32 *)(WIN + 0x800000), (u32 *)WIN, 0x800000);
    sum += sumwords((u32 *)(WIN + 0x800000), 0x200000);
#else
    sum += stride(WIN, 64);
    u32 idx = 0;
    for (u32 i = 0; i < PAGES; i++) {
      u32 nx = (idx * 1229u + 577u) & (PAGES - 1);
      *(u32 *)(WIN + (idx << 12) + ((idx * 52) & 0xffc)) = WIN + (nx << 12) + ((nx * 52) & 0xffc);
      idx = nx;
    }
    sum += chase(WIN, 400000);
    tlb_flush();
#endif
  }
  bench_end(sum);
}
