/*
 * The prompt's `selftest`: everything that this kernel claims to do, checked by doing it.
 */
#include "kernel.h"

static int failures;

static void check(const char *what, int right) {
  print("%s %s\n", right ? "ok  " : "FAIL", what);
  if (!right) failures++;
}

/* Runs a program that checks itself: it returns the number of its first check that failed, or 0. */
static void check_program(const char *what, const char *program, u32 argument) {
  u32 status = ~0u;
  int pid = run_and_wait(program, argument, &status);
  if (pid > 0 && status != 0) print("     (status %x)\n", status);
  check(what, pid > 0 && status == 0);
}

static void check_faults(void) {
  static const struct {
    const char *what;
    enum fault kind;
  } cases[] = {
      {"a load from address 0 is ended", FAULT_NO_PAGE},
      {"a load from the kernel is ended", FAULT_PERMISSION},
      {"a store into the program's code is ended", FAULT_PERMISSION},
      {"a load from an odd address is ended", FAULT_ALIGNMENT},
      {"an undefined instruction is ended", FAULT_UNDEFINED},
      {"a program that reads cp15 is ended", FAULT_UNDEFINED},
      {"a jump to nowhere is ended", FAULT_NO_PAGE},
      {"a stack without end is ended", FAULT_NO_PAGE},
      {"a breakpoint without a debugger is ended", FAULT_BREAKPOINT},
  };
  for (u32 i = 0; i < sizeof cases / sizeof *cases; i++) {
    u32 status = 0;
    run_and_wait("fault", i, &status);
    check(cases[i].what, status == (STATUS_FAULT | cases[i].kind));
  }
}

/*
 * Two programs that never enter the kernel by themselves: each gets the processor only because the tick takes it
 * away.
 */
static void check_preemption(void) {
  u32 before = preemptions;
  int pids[2];
  int turns = 0;
  for (int i = 0; i < 2; i++) pids[i] = task_spawn("spin", 0);
  struct task *first = task_by_pid(pids[0]);
  struct task *second = task_by_pid(pids[1]);
  for (u32 end = ticks + 4 * TICKS_PER_SECOND; first && second && ticks < end && !turns;) {
    sleep_until(ticks + 1);
    turns = first->ticks >= 2 && second->ticks >= 2;
  }
  check("two spinning programs share the processor", turns && preemptions > before);
  for (int i = 0; i < 2; i++) {
    u32 status = 0;
    task_kill(pids[i]);
    task_reap(pids[i], &status);
    check("a spinning program can be killed", status == STATUS_KILLED);
  }
}

static void check_memory(void) {
  struct memory_counts before = memory_counts;
  check_program("shared pages part at a store, the program's or the kernel's", "cow", 0);
  check("fork shares pages", memory_counts.shared_pages > before.shared_pages);
  check("stores copy them", memory_counts.copied_pages > before.copied_pages);
  check("the kernel's stores copy them too", memory_counts.kernel_copies > before.kernel_copies);
  before = memory_counts;
  check_program("pages are filled in on demand", "demand", 16);
  check("as many as were used", memory_counts.demand_pages - before.demand_pages >= 16);
}

void selftest(void) {
  u32 free_before = frames_free();
  int restored;
  u32 scratch = 0;
  failures = 0;
  check_program("fork, spawn, wait and exit", "fork", 0);
  check_memory();
  check_program("bad addresses give EFAULT", "bad", 0);
  check_program("sleep lasts as long as it should", "sleep", 2);
  check_faults();
  check_preemption();
  check("an absent coprocessor is noticed", probe_coprocessor(&scratch) == 7);
  check("exceptions return by arithmetic", probe_returns(&restored) == 12);
  check("no frame was lost", frames_free() == free_before);
  if (failures) print("SAMPLE-SELFTEST-FAILED: %d\n", failures);
  else print("SAMPLE-SELFTEST-OK\n");
}
