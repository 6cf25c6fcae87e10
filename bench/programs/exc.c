/* Exceptions. PHASE 1: SWI round trips from user mode. PHASE 2: data aborts. */
#include "common.h"

void bench_main(void) {
  bench_begin(BENCHNAME);
#if PHASE == 1
  run_user(user_swi_loop, ITERS);
  bench_end(swi_count);
#else
  abort_loop(ITERS, 0xE0000000u);
  bench_end(abt_count);
#endif
}
