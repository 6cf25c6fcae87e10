/* Console output, and the marks between which a run is timed. */
#include "common.h"
#define UART ((volatile u32 *)0x101f1000)
#define T0 ((volatile u32 *)0x101e2000)

void put_c(char c) {
  while (UART[6] & 0x20)
    ;
  UART[0] = (u8)c;
}

void put_s(const char *s) {
  while (*s) {
    put_c(*s++);
  }
}

void put_x(u32 v) {
  for (int i = 28; i >= 0; i -= 4) {
    put_c("0123456789abcdef"[(v >> i) & 15]);
  }
}

void bench_begin(const char *name) {
  put_s("@@BEGIN ");
  put_s(name);
  put_s(" iters=");
  put_x(ITERS);
  put_s("\n");
  T0[0] = 0xffffffff;
  T0[2] = 0x82; /* 1 MHz free-running 32 bit */
}

void bench_end(u32 sum) {
  u32 t = 0xffffffffu - T0[1];
  put_s("@@END sum=");
  put_x(sum);
  put_s(" us=");
  put_x(t);
  put_s("\n");
}

void *memcpy(void *d, const void *s, unsigned n) {
  u8 *a = d;
  const u8 *b = s;
  if ((((u32)a | (u32)b) & 3) == 0) {
    for (; n >= 4; n -= 4, a += 4, b += 4) {
      *(u32 *)a = *(const u32 *)b;
    }
  }
  while (n--) {
    *a++ = *b++;
  }
  return d;
}

void *memset(void *d, int c, unsigned n) {
  u8 *a = d;
  while (n--) {
    *a++ = (u8)c;
  }
  return d;
}
