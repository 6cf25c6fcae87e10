#include "guest.h"

#include <stdarg.h>

static u32 next_table = TABLES, next_frame = FRAMES;
static u32 dacr;

static void put(char c) {
  *(word *)UART = (u32)c;
}

static void hex(u32 value, u32 least) {
  u32 digits = 8;
  while (digits > least && !(value >> (digits * 4 - 4))) digits--;
  while (digits--) put("0123456789abcdef"[value >> digits * 4 & 15]);
}

static void decimal(u32 value) {
  static const u32 powers[] = {1000, 100, 10, 1};
  int started = 0;
  for (int i = 0; i < 4; i++) {
    u32 digit = 0;
    while (value >= powers[i]) {
      value -= powers[i];
      digit++;
    }
    started |= digit || i == 3;
    if (started) put((char)('0' + digit));
  }
}

void print(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  for (; *format; format++) {
    if (*format != '%') {
      put(*format);
      continue;
    }
    switch (*++format) {
      case 's':
        for (const char *s = va_arg(arguments, const char *); *s; s++) put(*s);
        break;
      case 'c': put((char)va_arg(arguments, int)); break;
      case 'u': decimal(va_arg(arguments, u32)); break;
      case 'x': hex(va_arg(arguments, u32), 1); break;
      case 'w': hex(va_arg(arguments, u32), 8); break;
    }
  }
  va_end(arguments);
}

void print_result(void) {
  u32 tag = probe_result.what >> 8;
  const char *mode = (probe_result.spsr & 31) == 0x10 ? "user" : "kernel";
  switch (probe_result.what & 255) {
    case 0: print("ok %w", probe_result.value); break;
    case UNDEFINED: print("undefined (%s) by vectors %u, lr=%w", mode, tag, probe_result.lr); break;
    case SVC: print("svc (%s) by vectors %u, r0=%w", mode, tag, probe_result.value); break;
    case PREFETCH_ABORT:
      print("prefetch abort (%s) by vectors %u, IFSR=%x at %w", mode, tag, probe_result.ifsr, probe_result.lr - 4);
      break;
    case DATA_ABORT:
      print("data abort (%s) by vectors %u, DFSR=%x FAR=%w", mode, tag, probe_result.dfsr, probe_result.far);
      break;
  }
}

void print_short(void) {
  switch (probe_result.what & 255) {
    case SVC:
    case 0: print("ok:%x", probe_result.value); break;
    case UNDEFINED: print("U@%w", probe_result.lr - 4); break;
    case PREFETCH_ABORT: print("P%x@%w", probe_result.ifsr, probe_result.lr - 4); break;
    case DATA_ABORT: print("D%x@%w", probe_result.dfsr, probe_result.far); break;
  }
}

void unexpected(void) {
  print("UNEXPECTED ");
  print_result();
  print("\n");
}

void kernel(const char *label, const void *function, u32 a, u32 b) {
  clear_faults();
  probe_kernel(function, a, b);
  print("%s: ", label);
  print_result();
  print("\n");
}

void user(const char *label, const void *function, u32 a, u32 b) {
  clear_faults();
  probe_user(function, a, b);
  print("%s: ", label);
  print_result();
  print("\n");
}

u32 *new_table(u32 size) {
  next_table = (next_table + size - 1) & -size;
  word *table = (word *)next_table;
  next_table += size;
  for (u32 i = 0; i < size / 4; i++) table[i] = 0;
  return (u32 *)table;
}

u32 new_frame(void) {
  u32 frame = next_frame;
  next_frame += 0x1000;
  for (u32 i = 0; i < 1024; i++) ((word *)frame)[i] = 0;
  return frame;
}

word *new_root(void) {
  word *root = (word *)new_table(0x4000);
  for (u32 megabyte = 1; megabyte < RAM_MEGABYTES; megabyte++) root[megabyte] = SECTION(megabyte << 20, 3, 0);
  root[UART >> 20] = SECTION(UART & 0xfff00000, 3, 0);
  return root;
}

u32 get_sctlr(void) {
  u32 value;
  __asm__ volatile("mrc p15, 0, %0, c1, c0, 0" : "=r"(value));
  return value;
}

#define WRITE_CP15(crn, crm, op2, value) \
  __asm__ volatile("mcr p15, 0, %0, c" #crn ", c" #crm ", " #op2 "\n\tnop\n\tnop" ::"r"(value) : "memory")

void set_sctlr(u32 value) {
  WRITE_CP15(1, 0, 0, value);
}

void set_ttbr(const volatile void *root) {
  WRITE_CP15(2, 0, 0, root);
}

void set_dacr(u32 value) {
  dacr = value;
  WRITE_CP15(3, 0, 0, value);
}

void set_domain(u32 domain, u32 type) {
  set_dacr((dacr & ~(3u << domain * 2)) | type << domain * 2);
}

void set_fcse(u32 process) {
  WRITE_CP15(13, 0, 0, process << 25);
}

void set_context(u32 context) {
  WRITE_CP15(13, 0, 1, context);
}

void clear_faults(void) {
  WRITE_CP15(5, 0, 0, 0);
  WRITE_CP15(5, 0, 1, 0);
  WRITE_CP15(6, 0, 0, 0);
}

void flush(void) {
  WRITE_CP15(8, 7, 0, 0);
}

void flush_page(u32 va) {
  WRITE_CP15(8, 7, 1, va);
}

void code_written(void) {
  WRITE_CP15(7, 10, 4, 0);
  WRITE_CP15(7, 5, 0, 0);
}

void mmu_on(const volatile void *root, u32 bits) {
  set_ttbr(root);
  set_dacr(CLIENT);
  flush();
  set_sctlr((get_sctlr() & ~(u32)(SCTLR_A | SCTLR_S | SCTLR_R | SCTLR_V)) | SCTLR_M | bits);
}

void mmu_off(void) {
  set_sctlr(get_sctlr() & ~(u32)(SCTLR_M | SCTLR_A | SCTLR_S | SCTLR_R | SCTLR_V));
}

void write_vectors(word *at, u32 tag) {
  for (u32 i = 0; i < 8; i++) {
    at[i] = LDR_PC_24;
    at[8 + i] = handlers[tag - 1][i];
  }
  code_written();
}

void copy_code(word *at, const void *start, const void *end) {
  for (const u32 *from = start; from != end; from++) *at++ = *from;
  code_written();
}

/* The compiler may call them. */
void *memset(void *to, int value, unsigned long count) {
  volatile char *bytes = to;
  while (count--) *bytes++ = (char)value;
  return to;
}

void *memcpy(void *to, const void *from, unsigned long count) {
  volatile char *bytes = to;
  const char *source = from;
  while (count--) *bytes++ = *source++;
  return to;
}
