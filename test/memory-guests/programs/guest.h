/* What the memory guests share: a console, cp15, tables, probes. Words are those of ARM DDI 0100I, part B. */
#ifndef GUEST_H
#define GUEST_H

typedef unsigned int u32;
typedef volatile u32 word;

/* Physical memory: tables, then frames. RAM is 16 MB; the program has the second megabyte. */
#define TABLES 0x00400000u
#define FRAMES 0x00800000u
#define RAM_MEGABYTES 16u
#define UART 0x101f1000u

enum { UNDEFINED = 1, SVC = 2, PREFETCH_ABORT = 3, DATA_ABORT = 4 };
enum { SCTLR_M = 1, SCTLR_A = 2, SCTLR_S = 0x100, SCTLR_R = 0x200, SCTLR_V = 0x2000 };
enum { NO_ACCESS = 0, CLIENT = 1, RESERVED = 2, MANAGER = 3 };

/* Access permissions of a small or large page: one field for each of its quarters, or four alike. */
#define AP4(ap) ((ap)*0x55u)
#define SECTION(base, ap, domain) ((base) | (ap) << 10 | (domain) << 5 | 0x12u)
#define COARSE(table, domain) ((u32)(table) | (domain) << 5 | 0x11u)
#define FINE(table, domain) ((u32)(table) | (domain) << 5 | 0x13u)
#define LARGE(base, aps) ((base) | (aps) << 4 | 1u)
#define SMALL(base, aps) ((base) | (aps) << 4 | 2u)
#define TINY(base, ap) ((base) | (ap) << 4 | 3u)

/* Instructions that guests write as data: none of them is sensitive. */
#define BX_LR 0xe12fff1eu
#define LDR_PC_24 0xe59ff018u
#define MOV_R0(n) (0xe3a00000u | (n))

/* An exception, as its handler found it. */
typedef struct {
  u32 what; /* number of the exception, and tag of the vectors << 8; 0: none */
  u32 lr, spsr, dfsr, ifsr, far;
  u32 value; /* r0 */
} Exception;

/* r0 to r12 and the address to return to. */
typedef struct {
  u32 r[13];
  u32 pc;
} Frame;

typedef u32 Function();

extern volatile Exception probe_result;
/* Called in the mode of each exception. Returns 0 to end the probe, else the handler returns to `frame->pc`. */
extern int (*volatile exception_hook)(Exception *exception, Frame *frame);
extern const u32 handlers[4][8];

void probe_kernel(const void *function, u32 a, u32 b);
void probe_user(const void *function, u32 a, u32 b);

Function load_word, store_word, load_half, store_half, load_byte, store_byte, swap_word, load_two, store_four;
Function kernel_load_user, kernel_store_user, kernel_store_user_byte, kernel_undefined;
Function copy_to_user, user_exit, user_call, user_touch, piece_add, piece_add_end, piece_slide, piece_slide_end;

/* %s, %c, %u, %x, %w (eight digits). */
void print(const char *format, ...);
/* Prints what the last probe met: "ok 12345678", or the exception with its registers. */
void print_result(void);
/* The same in short: "ok:12345678", or a letter for the exception with status and address, as "D1f@40000000". */
void print_short(void);
/* Probes and prints "label: result". */
void kernel(const char *label, const void *function, u32 a, u32 b);
void user(const char *label, const void *function, u32 a, u32 b);

/* Zeroed memory for tables of `size` bytes, aligned to it, and frames of 4 KB. */
u32 *new_table(u32 size);
u32 new_frame(void);
/* A first-level table with RAM from 1 MB on and the console mapped to themselves in domain 0, AP 11. */
word *new_root(void);

u32 get_sctlr(void);
void set_sctlr(u32 value);
void set_ttbr(const volatile void *root);
void set_dacr(u32 value);
void set_domain(u32 domain, u32 type);
void set_fcse(u32 process);
void set_context(u32 context);
void clear_faults(void);
void flush(void);
void flush_page(u32 va);
/* After writing code. */
void code_written(void);

/* Sets the root and DACR (domain 0 client) and turns the MMU on, with further bits of SCTLR; and off. */
void mmu_on(const volatile void *root, u32 bits);
void mmu_off(void);

/* Vectors whose handlers have `tag` (1 to 4) at `at`, 64 bytes. */
void write_vectors(word *at, u32 tag);
/* Copies code to `at`. */
void copy_code(word *at, const void *start, const void *end);

#endif
