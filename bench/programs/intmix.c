/* Integer kernels in the manner of Dhrystone and CoreMark:
 * matrix, list, state machine, CRC, sort, 64-bit arithmetic, division. */
#include "common.h"
#define N 16
static i32 A[N][N], B[N][N], C[N][N];
static u32 rs = 12345;

static inline u32 rnd(void) {
  rs = rs * 1664525u + 1013904223u;
  return rs >> 8;
}

struct node {
  struct node *next;
  i32 key;
};
static struct node nodes[256];

static __attribute__((noinline)) u32 matrix(void) {
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      i32 s = 0;
      for (int k = 0; k < N; k++) {
        s += A[i][k] * B[k][j];
      }
      C[i][j] = s;
    }
  }
  u32 x = 0;
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      x = (x << 1 | x >> 31) ^ C[i][j];
    }
  }
  return x;
}

static __attribute__((noinline)) struct node *merge(struct node *a, struct node *b) {
  struct node h, *t = &h;
  while (a && b) {
    if (a->key <= b->key) {
      t->next = a;
      a = a->next;
    } else {
      t->next = b;
      b = b->next;
    }
    t = t->next;
  }
  t->next = a ? a : b;
  return h.next;
}

static __attribute__((noinline)) struct node *lsort(struct node *l) {
  if (!l || !l->next) {
    return l;
  }
  struct node *s = l, *f = l->next;
  while (f && f->next) {
    s = s->next;
    f = f->next->next;
  }
  struct node *m = s->next;
  s->next = 0;
  return merge(lsort(l), lsort(m));
}

static __attribute__((noinline)) u32 list(void) {
  for (int i = 0; i < 256; i++) {
    nodes[i].key = rnd() & 0xffff;
    nodes[i].next = i < 255 ? &nodes[i + 1] : 0;
  }
  struct node *l = lsort(&nodes[0]);
  u32 x = 0;
  for (; l; l = l->next) {
    x = x * 31 + l->key;
  }
  return x;
}

static __attribute__((noinline)) u32 crcbits(const u8 *p, int n, u32 c) {
  while (n--) {
    c ^= *p++;
    for (int i = 0; i < 8; i++) {
      c = (c >> 1) ^ (c & 1 ? 0xedb88320u : 0);
    }
  }
  return c;
}

static const char *txt = "12 -7 3.25 0x1f +9e10 abc, 44.; 1e-3 99 -0.5 zz 123456 7.7.7 ";

static __attribute__((noinline)) u32 states(void) {
  u32 cnt[6] = {0};
  int st = 0;
  for (const char *p = txt; *p; p++) {
    char c = *p;
    switch (st) {
      case 0:
        if (c >= '0' && c <= '9') {
          st = 1;
        } else if (c == '+' || c == '-') {
          st = 2;
        } else if (c == ' ') {
          st = 0;
        } else {
          st = 5;
        }
        break;
      case 1:
        if (c == '.') {
          st = 3;
        } else if (c == ' ') {
          st = 0;
        } else if (c < '0' || c > '9') {
          st = 5;
        }
        break;
      case 2: st = (c >= '0' && c <= '9') ? 1 : 5; break;
      case 3:
        if (c == 'e') {
          st = 4;
        } else if (c == ' ') {
          st = 0;
        } else if (c < '0' || c > '9') {
          st = 5;
        }
        break;
      case 4:
        if (c == ' ') {
          st = 0;
        } else if (c != '-' && (c < '0' || c > '9')) {
          st = 5;
        }
        break;
      default:
        if (c == ' ') {
          st = 0;
        }
    }
    cnt[st]++;
  }
  u32 x = 0;
  for (int i = 0; i < 6; i++) {
    x = x * 17 + cnt[i];
  }
  return x;
}

static i32 arr[256];

static __attribute__((noinline)) void qs(i32 *a, int lo, int hi) {
  while (lo < hi) {
    i32 p = a[(lo + hi) >> 1];
    int i = lo, j = hi;
    while (i <= j) {
      while (a[i] < p) {
        i++;
      }
      while (a[j] > p) {
        j--;
      }
      if (i <= j) {
        i32 t = a[i];
        a[i] = a[j];
        a[j] = t;
        i++;
        j--;
      }
    }
    if (j - lo < hi - i) {
      qs(a, lo, j);
      lo = i;
    } else {
      qs(a, i, hi);
      hi = j;
    }
  }
}

static __attribute__((noinline)) u32 sort(void) {
  for (int i = 0; i < 256; i++) {
    arr[i] = rnd() - 0x800000;
  }
  qs(arr, 0, 255);
  u32 x = 0;
  for (int i = 0; i < 256; i++) {
    x = x * 33 + arr[i];
  }
  return x;
}

static __attribute__((noinline)) u32 wide(void) {
  u64 a = rnd(), b = 0x123456789abcdefull;
  for (int i = 0; i < 200; i++) {
    b = b * 6364136223846793005ull + a;
    a ^= b >> 33;
    a = (a << 7) | (a >> 57);
  }
  return (u32)(a ^ b ^ (b >> 32));
}

static __attribute__((noinline)) u32 divs(void) {
  u32 x = 0;
  for (int i = 0; i < 60; i++) {
    u32 a = rnd() << 3, b = (rnd() & 0xfff) + 1;
    x += a / b;
    x ^= a % b;
  }
  return x;
}

void bench_main(void) {
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      A[i][j] = rnd() & 0xff;
      B[i][j] = rnd() & 0xff;
    }
  }
  u32 sum = 0;
  bench_begin("intmix");
  for (u32 it = 0; it < ITERS; it++) {
    sum = sum * 7 + matrix();
    A[it & 15][3] ^= it;
    sum ^= list();
    sum = crcbits((const u8 *)&A[it & 15], 64, sum);
    sum += states();
    sum ^= sort();
    sum += wide();
    sum ^= divs();
  }
  bench_end(sum);
}
