/*
 * What the files of the kernel offer each other.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include "abi.h"
#include "layout.h"
#include "task.h"

/* console.c */
void console_init(void);
void console_interrupt(void);
void put_char(char c);
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
int read_line(char *line, u32 room);
extern int foreground;

/* string.c */
void *memcpy(void *to, const void *from, u32 bytes);
void *memset(void *to, int value, u32 bytes);
int same_text(const char *a, const char *b);
void copy_text(char *to, const char *from, u32 room);

/* Called from boot.S and exceptions.S. */
void kernel_main(void);
void handle_undefined(struct trap_frame *frame);
void handle_svc(struct trap_frame *frame);
void handle_prefetch_abort(struct trap_frame *frame);
void handle_data_abort(struct trap_frame *frame);
void handle_irq(struct trap_frame *frame);

/* irq.c */
void interrupts_init(void);
void profile(int on);
extern u32 ticks;
extern u32 interrupts;

/* memory.c */
void memory_init(void);
u32 frame_alloc(u32 count);
void frame_share(u32 frame);
void frame_release(u32 frame);
u32 frame_users(u32 frame);
u32 frames_free(void);

/* paging.c */
void paging_init(void);
int space_create(struct address_space *space);
int space_fork(struct address_space *to, struct address_space *from);
void space_destroy(struct address_space *space);
void space_switch(const struct task *task);
int space_grow(struct address_space *space, int bytes);
int page_in(struct task *task, u32 address, int missing);
struct memory_counts {
  u32 demand_pages;  /* pages filled in at their first use */
  u32 shared_pages;  /* pages that a fork shared instead of copying */
  u32 copied_pages;  /* shared pages copied at a store */
  u32 adopted_pages; /* pages whose other users were gone at the store */
  u32 kernel_copies; /* of the copied ones: because the kernel stored into them for a program */
};
extern struct memory_counts memory_counts;

/* fault.c */
void describe_fault(int kind, char *text, u32 room);
extern u32 faults_by_kind[FAULT_OTHER + 1];

/* syscall.c */
extern u32 calls_by_number[SYSTEM_CALLS];
extern const char *const call_names[SYSTEM_CALLS];

/* programs.c */
struct program {
  const char *name;
  int (*main)(u32 argument);
  const char *what;
};
extern const struct program programs[];
const struct program *find_program(const char *name);

/* monitor.c, selftest.c */
void monitor(void);
int run_and_wait(const char *program, u32 argument, u32 *status);
void selftest(void);

/* panic.c */
void panic(const char *message, const struct trap_frame *frame) __attribute__((noreturn));
void print_frame(const struct trap_frame *frame);
void backtrace(u32 fp);
void stop(void) __attribute__((noreturn));

/* uaccess.S */
int get_user(u32 *to, const u32 *from);
int put_user(u32 *to, u32 value);
int copy_from_user(void *to, const void *from, u32 bytes);
int copy_to_user(void *to, const void *from, u32 bytes);
int string_from_user(char *to, const char *from, u32 room);

/* exceptions.S, probe.S */
void take_samples(u32 samples[2]);
void read_banks(u32 sp[6]);
void switch_context(struct context *from, struct context *to);
int probe_coprocessor(u32 *scratch);
int probe_returns(int *flags_restored);
void leave_to_user(void);
void start_kernel_task(void);

/* kernel.ld */
extern char kernel_start[], read_only_end[], kernel_end[], bss_start[], bss_end[];
extern char user_text_start[], user_text_end[], user_text_image[];
extern char user_data_start[], user_data_end[], user_data_image[];

static inline void *at_physical(u32 address) { return (void *)(address + KERNEL_BASE); }
static inline u32 physical(const void *address) { return (u32)address - KERNEL_BASE; }
static inline volatile u32 *device(u32 address) { return (volatile u32 *)address; }

#endif
