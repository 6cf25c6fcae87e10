/*
 * The end: what the kernel prints when it cannot go on, and how it stops.
 */
#include "cpu.h"
#include "kernel.h"

/*
 * The name of a function. -mpoke-function-name puts it before each function, with a word behind it that has its
 * length and is marked by its upper byte.
 */
static const char *name_before(u32 function) {
  u32 mark = *(const u32 *)(function - 4);
  return mark >> 24 == 0xff ? (const char *)(function - 4 - (mark & 0xffffff)) : "?";
}

static int in_kernel_text(u32 address) { return address >= (u32)kernel_start && address < (u32)read_only_end; }

static int on_stack(u32 address) {
  return (address & 3) == 0 && address >= current->stack + 12 && address < current->stack + STACK_BYTES;
}

/*
 * Follows the frame pointers. Each function begins with `push {fp, ip, lr, pc}` (-mapcs-frame), and its FP points to
 * the PC pushed there, which lies two instructions after the push.
 */
void backtrace(u32 fp) {
  for (int depth = 0; depth < 20 && on_stack(fp); depth++) {
    const u32 *frame = (const u32 *)fp;
    u32 function = frame[0] - 12;
    if (!in_kernel_text(function)) break;
    print("  %08x %s\n", function, name_before(function));
    fp = frame[-3];
  }
}

void print_frame(const struct trap_frame *frame) {
  for (u32 i = 0; i < 13; i++) print("%sr%u %08x%c", i < 10 ? " " : "", i, frame->r[i], i % 4 == 3 ? '\n' : ' ');
  print("sp  %08x lr  %08x pc  %08x\n", frame->sp, frame->lr, frame->pc);
  print("cpsr %08x, exception %u\n", frame->cpsr, frame->vector);
}

/* The machine has ended when nothing can interrupt this loop. */
void stop(void) {
  __asm__ volatile("msr cpsr_c, %0" ::"I"(PSR_I | PSR_F | MODE_SVC));
  for (;;) continue;
}

void panic(const char *message, const struct trap_frame *frame) {
  __asm__ volatile("msr cpsr_c, %0" ::"I"(PSR_I | PSR_F | MODE_SVC));
  print("\nKernel panic: %s\n", message);
  print("task %d (%s), DFSR %02x, FAR %08x, IFSR %02x\n", current->pid, current->name, read_dfsr() & 0xff, read_far(),
        read_ifsr() & 0xff);
  if (frame) print_frame(frame);
  print("backtrace:\n");
  backtrace(frame ? frame->r[11] : (u32)__builtin_frame_address(0));
  print("stopped\n");
  stop();
}
