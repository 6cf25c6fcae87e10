/*
 * The kernel's start in C, and what it does when there is nothing to do.
 */
#include "cpu.h"
#include "kernel.h"

/*
 * The idle task. The processor sleeps until an interrupt comes; masked, it wakes all the same, and none can come too
 * early.
 */
static void idle(void) {
  for (;;) {
    mask_interrupts();
    schedule();
    write_wait_for_interrupt(0);
    enable_interrupts();
  }
}

void kernel_main(void) {
  console_init();
  print("\nTrapline sample kernel\n");
  memory_init();
  paging_init();
  print("mmu: kernel at %08x, its code read-only; vectors at %08x\n", KERNEL_BASE, HIGH_VECTORS);
  print("memory: %u of %u frames free\n", frames_free(), RAM_SIZE / FRAME_BYTES);
  interrupts_init();
  print("interrupts: timer, %u ticks a second; console\n", TICKS_PER_SECOND);
  tasks_init();
  task_start("monitor", monitor);
  enable_interrupts();
  idle();
}
