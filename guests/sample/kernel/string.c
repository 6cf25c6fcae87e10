/*
 * Memory and text. The compiler calls memcpy and memset by itself.
 */
#include "kernel.h"

void *memcpy(void *to, const void *from, u32 bytes) {
  u8 *t = to;
  const u8 *f = from;
  if ((((u32)t | (u32)f) & 3) == 0) {
    for (; bytes >= 4; bytes -= 4, t += 4, f += 4) *(u32 *)t = *(const u32 *)f;
  }
  while (bytes--) *t++ = *f++;
  return to;
}

void *memset(void *to, int value, u32 bytes) {
  u8 *t = to;
  if (((u32)t & 3) == 0) {
    u32 word = (u8)value * 0x01010101u;
    for (; bytes >= 4; bytes -= 4, t += 4) *(u32 *)t = word;
  }
  while (bytes--) *t++ = (u8)value;
  return to;
}

int same_text(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

/* Copies what fits, with a zero at the end. */
void copy_text(char *to, const char *from, u32 room) {
  while (--room > 0 && *from) *to++ = *from++;
  *to = 0;
}
