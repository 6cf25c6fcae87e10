/*
 * Functions that are called ITERS times, for breakpoints in them. PHASE 1: a hash of a name, as a kernel looks one up in a
 * directory. PHASE 2: the shortest function, whose call and loop are all there is.
 */
#include "common.h"

static u32 sum;

__attribute__((noinline)) u32 name_hash(const char *name, u32 length, u32 seed) {
  u32 hash = seed;
  for (u32 i = 0; i < length; i++) hash = (hash + ((u32)(u8)name[i] << 4) + ((u8)name[i] >> 4)) * 11;
  return hash;
}

__attribute__((noinline)) u32 next(u32 seed) { return seed * 3 + 1; }

/* Where the run is over. */
__attribute__((noinline)) void finished(u32 result) { sum = result; }

void bench_main(void) {
  bench_begin(BENCHNAME);
  u32 result = 1;
#if PHASE == 1
  for (u32 i = 0; i < ITERS; i++) result = name_hash("vmlinux.map.old", 15, result);
#else
  for (u32 i = 0; i < ITERS; i++) result = next(result);
#endif
  finished(result);
  bench_end(sum);
}
