/* Types, scopes and inlining for the tests of the symbol reader. Compiled in many ways; never run. */
#include "sample.h"

enum colour { RED, GREEN = 5, BLUE = -3 };
enum flags { FLAG_A = 1, FLAG_B = 2, FLAG_HIGH = 0x80000000u };

union number {
  int i;
  unsigned char bytes[4];
  float f;
};

struct bits {
  unsigned low : 3;
  int middle : 7;
  unsigned long long wide : 40;
  unsigned char flag : 1;
  unsigned : 0;
  unsigned last : 31;
};

typedef int (*operation)(int, const char *, ...);

struct node {
  struct node *next, **previous;
  const char *name;
  enum colour colour;
  struct {
    short x, y;
    union {
      unsigned char raw[2];
      unsigned short word;
    };
  };
  struct bits bits;
  operation op;
  int matrix[2][3];
  volatile unsigned long stamp;
  _Bool ready;
  long long big;
  double real;
  char label[12];
};

struct flexible {
  int count;
  struct node *items[];
};

struct opaque;
struct opaque *hidden;

int add(int a, const char *text, ...);
void step(struct node *node, int amount);

struct node second = { .name = "second", .colour = BLUE, .big = -5, .real = 2.5, .label = "tail" };
struct node first = {
  .next = &second, .name = "first", .colour = GREEN, .x = -2, .y = 7, .word = 0x1234,
  .bits = { 5, -9, 0x123456789aULL, 1, 77 }, .op = add, .matrix = { { 1, 2, 3 }, { 4, 5, 6 } },
  .stamp = 0xdeadbeef, .ready = 1, .big = 0x123456789abcdefLL, .real = -0.125, .label = "head",
};
union number number = { .i = 0x3f800000 };
enum flags flags = FLAG_A | FLAG_B;
unsigned char bytes[5] = { 1, 2, 255, 0, 65 };
static int counter = 41;
const short limits[3] = { -1, 0, 1 };
int (*table[2])(int, const char *, ...) = { add, 0 };

static inline __attribute__((always_inline)) int clamp(int value, int low, int high) {
  int result = value;
  if (result < low)
    result = low;
  if (result > high)
    result = high;
  return result;
}

int add(int a, const char *text, ...) {
  static int calls;
  int sum = a;
  for (int i = 0; text && text[i]; i++) {
    int weight = text[i] - '0';
    sum += clamp(weight, 0, 9);
  }
  calls++;
  return sum + calls;
}

void step(struct node *node, int amount) {
  while (node) {
    long long total = node->big + amount;
    struct node *next = node->next;
    if (total > 100) {
      int excess = (int)(total - 100);
      node->x = (short)clamp(excess, -5, 5);
      external(excess, node);
    }
    node->big = total;
    node = next;
  }
  counter++;
}

int main(void) {
  struct node local = first;
  int values[4] = { 1, 2, 3, 4 };
  step(&local, values[counter & 3]);
  return twice(add(local.x, local.name));
}
