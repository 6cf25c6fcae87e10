/*
 * Interrupts: the controller (PL190, ARM DDI 0181) and the two timers (SP804, ARM DDI 0271) that use it.
 *
 * The first timer's tick is an IRQ; it makes the scheduler preemptive. The second timer is the profiler's, and an
 * FIQ, whose handler is in exceptions.S.
 */
#include "cpu.h"
#include "kernel.h"

enum vic { IRQ_STATUS = 0x00 / 4, INT_SELECT = 0x0c / 4, INT_ENABLE = 0x10 / 4, INT_CLEAR = 0x14 / 4 };
enum timer { LOAD = 0x00 / 4, CONTROL = 0x08 / 4, CLEAR = TIMER_CLEAR / 4 };

#define SOURCE_TICK (1u << 4)
#define SOURCE_PROFILE (1u << 5)
#define SOURCE_UART (1u << 12)

#define TIMER_HZ 1000000
#define TIMER_ON 0xe2 /* enabled, periodic, interrupting, 32 bits */
#define PROFILE_HZ 1000

u32 ticks;
u32 interrupts;

void interrupts_init(void) {
  volatile u32 *vic = device(VIC);
  volatile u32 *timer = device(TIMER_TICK);
  vic[INT_CLEAR] = ~0u;
  vic[INT_SELECT] = SOURCE_PROFILE;
  timer[LOAD] = TIMER_HZ / TICKS_PER_SECOND;
  timer[CONTROL] = TIMER_ON;
  vic[INT_ENABLE] = SOURCE_TICK | SOURCE_UART;
}

/* Starts and stops the profiler's interrupts. */
void profile(int on) {
  volatile u32 *timer = device(TIMER_PROFILE);
  timer[LOAD] = TIMER_HZ / PROFILE_HZ;
  timer[CONTROL] = on ? TIMER_ON : 0;
  timer[CLEAR] = 0;
  device(VIC)[on ? INT_ENABLE : INT_CLEAR] = SOURCE_PROFILE;
}

void handle_irq(struct trap_frame *frame) {
  (void)frame;
  u32 status = device(VIC)[IRQ_STATUS];
  interrupts++;
  if (status & SOURCE_TICK) {
    device(TIMER_TICK)[CLEAR] = 0;
    ticks++;
    tick_tasks();
  }
  if (status & SOURCE_UART) console_interrupt();
}
