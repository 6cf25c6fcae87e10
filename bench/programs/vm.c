/* A small bytecode interpreter, dispatching through a jump table. Its program: a sieve, Fibonacci numbers, a hash. */
#include "common.h"

enum {
  HALT, LDI, MOV, ADD, SUB, MUL, XOR, AND, SHL, SHR, LD8, ST8, JMP, JNZ, JLT, INC, DEC, CALL, RET, ADDI
};

static u8 mem[8192];

static __attribute__((noinline)) u32 run(const u8 *code, u32 *r) {
  u32 stack[32];
  u32 sp = 0;
  const u8 *pc = code;
  for (;;) {
    u32 op = pc[0], a = pc[1], b = pc[2], c = pc[3];
    pc += 4;
    switch (op) {
      case HALT: return r[0];
      case LDI: r[a] = b | c << 8; break;
      case MOV: r[a] = r[b]; break;
      case ADD: r[a] = r[b] + r[c]; break;
      case SUB: r[a] = r[b] - r[c]; break;
      case MUL: r[a] = r[b] * r[c]; break;
      case XOR: r[a] = r[b] ^ r[c]; break;
      case AND: r[a] = r[b] & r[c]; break;
      case SHL: r[a] = r[b] << c; break;
      case SHR: r[a] = r[b] >> c; break;
      case LD8: r[a] = mem[(r[b] + c) & 8191]; break;
      case ST8: mem[(r[b] + c) & 8191] = r[a]; break;
      case JMP: pc = code + (b | c << 8); break;
      case JNZ:
        if (r[a]) {
          pc = code + (b | c << 8);
        }
        break;
      case JLT:
        if (r[a] < r[b]) {
          pc = code + c * 4;
        }
        break;
      case INC: r[a]++; break;
      case DEC: r[a]--; break;
      case CALL:
        stack[sp++ & 31] = pc - code;
        pc = code + (b | c << 8);
        break;
      case RET: pc = code + stack[--sp & 31]; break;
      case ADDI: r[a] += (b | c << 8); break;
    }
  }
}

#define I(...) __VA_ARGS__
#define L(n) ((n) * 4) & 255, ((n) * 4) >> 8
static const u8 prog[] = {
    /* 0: i = 2, limit = 2048 */
    I(LDI, 1, 2, 0), I(LDI, 5, 0x00, 0x08),
    /* 2: fill */
    I(LDI, 2, 0, 0), I(LDI, 3, 1, 0),
    /* 4 */ I(ST8, 3, 2, 0), I(INC, 2, 0, 0), I(JLT, 2, 5, 4),
    /* 7: sieve */
    I(LD8, 4, 1, 0), I(JNZ, 4, L(10)), I(JMP, 0, L(14)),
    /* 10 */ I(ADD, 6, 1, 1), I(LDI, 7, 0, 0),
    /* 12 */ I(JLT, 6, 5, 17), I(JMP, 0, L(14)),
    /* 14 */ I(INC, 1, 0, 0), I(JLT, 1, 5, 7), I(JMP, 0, L(20)),
    /* 17 */ I(ST8, 7, 6, 0), I(ADD, 6, 6, 1), I(JMP, 0, L(12)),
    /* 20: call Fibonacci 40 times */
    I(LDI, 8, 40, 0), I(LDI, 9, 0, 0), I(LDI, 10, 1, 0),
    /* 23 */ I(CALL, 0, L(30)), I(DEC, 8, 0, 0), I(JNZ, 8, L(23)),
    /* 26 */ I(XOR, 0, 0, 9), I(ADDI, 0, 7, 1), I(HALT, 0, 0, 0), I(HALT, 0, 0, 0),
    /* 30: one Fibonacci step, hashed */
    I(ADD, 11, 9, 10), I(MOV, 9, 10, 0), I(MOV, 10, 11, 0), I(SHL, 12, 11, 3),
    I(XOR, 0, 0, 12), I(SHR, 12, 0, 5), I(ADD, 0, 0, 12), I(RET, 0, 0, 0),
};

void bench_main(void) {
  u32 r[16] = {0};
  bench_begin("vm");
  for (u32 it = 0; it < ITERS; it++) {
    r[0] += it;
    run(prog, r);
  }
  bench_end(r[0]);
}
