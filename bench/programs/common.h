/* What every benchmark program uses: console, timer marks, and the routines of start.S. */
#ifndef COMMON_H
#define COMMON_H
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;
typedef unsigned long long u64;
typedef int i32;
typedef short i16;
/* Set by the linker: --defsym. */
extern char BENCH_ITERS[], BENCH_PAGES4K[];
#define ITERS ((u32)BENCH_ITERS)
#define PAGES4K ((u32)BENCH_PAGES4K)
void put_c(char c);
void put_s(const char *s);
void put_x(u32 v);
void bench_begin(const char *name);
void bench_end(u32 checksum);
void run_user(void (*fn)(u32), u32 arg);
void user_swi_loop(u32 n);
void abort_loop(u32 n, u32 va);
extern volatile u32 swi_count, abt_count;
void *memcpy(void *d, const void *s, unsigned n);
void *memset(void *d, int c, unsigned n);

static inline void icache_flush(void) {
  u32 z = 0;
  __asm__ volatile("mcr p15,0,%0,c7,c10,4\n mcr p15,0,%0,c7,c5,0\n" ::"r"(z) : "memory");
}

static inline void tlb_flush(void) {
  u32 z = 0;
  __asm__ volatile("mcr p15,0,%0,c8,c7,0" ::"r"(z) : "memory");
}
#endif
