/* A second unit: it has an incomplete type that the first completes, and a static function of the same name. */
#include "sample.h"

struct node *tail;
static int counter = 7;

__attribute__((noinline)) static int scale(int value, int factor) {
  return value * factor + counter;
}

int external(int value, struct node *node) {
  int scaled = scale(value, 3);
  tail = node;
  if (scaled > 10)
    return twice(scaled - 10);
  return scaled;
}

void *memcpy(void *to, const void *from, unsigned size) {
  unsigned char *out = to;
  for (const unsigned char *in = from; size; size--)
    *out++ = *in++;
  return to;
}
