/*
 * The console prompt: a kernel task that runs commands, most of which show what the kernel has done.
 */
#include "cpu.h"
#include "kernel.h"

#define LOCK_KEY 0xa05f /* of the system registers (ARM DDI 0225, SYS_LOCK) */
#define RESET_REQUEST 0x104
enum system_registers { SYS_LOCK = 0x20 / 4, SYS_RESETCTL = 0x40 / 4 };

struct command {
  const char *name;
  void (*run)(const char *argument);
  const char *what;
};
static const struct command commands[];

/* In the order of the `fault` program. */
static const char *const fault_kinds[] = {"null", "kernel", "text",  "align", "undef",
                                          "cp15", "jump",   "stack", "bkpt",  0};

/* A number at the start of a text; -1 when there is none. */
static int number(const char *text) {
  int value = 0;
  if (*text < '0' || *text > '9') return -1;
  for (; *text >= '0' && *text <= '9' && value < 100000; text++) value = value * 10 + (*text - '0');
  return value;
}

static void print_status(int pid, u32 status) {
  if (status & STATUS_FAULT) {
    char kind[24];
    describe_fault((int)(status & 0xff), kind, sizeof kind);
    print("[%d ended: %s]\n", pid, kind);
  } else if (status & STATUS_KILLED) {
    print("[%d was killed]\n", pid);
  } else {
    print("[%d ended with %u]\n", pid, status);
  }
}

/* Runs a program in the foreground. Returns its pid, or an error. */
int run_and_wait(const char *program, u32 argument, u32 *status) {
  int pid = task_spawn(program, argument);
  if (pid < 0) return pid;
  foreground = pid;
  task_reap(pid, status);
  foreground = 0;
  return pid;
}

static void run_foreground(const char *program, u32 argument) {
  u32 status = 0;
  int pid = run_and_wait(program, argument, &status);
  if (pid < 0) print("cannot run \"%s\": error %d\n", program, -pid);
  else print_status(pid, status);
}

static void help(const char *argument) {
  (void)argument;
  for (const struct command *c = commands; c->name; c++) print("%-9s %s\n", c->name, c->what);
  print("programs:\n");
  for (const struct program *p = programs; p->name; p++) print("  %-7s %s\n", p->name, p->what);
}

static void ps(const char *argument) {
  (void)argument;
  static const char *const states[] = {"free", "ready", "blocked", "zombie"};
  print("pid parent name      state   waits for  ticks switches demand copies\n");
  for (const struct task *t = tasks; t < tasks + MAX_TASKS; t++) {
    if (t->state == TASK_FREE) continue;
    const char *state = t == current ? "runs" : states[t->state];
    print("%3d %6d %-9s %-7s ", t->pid, t->parent, t->name, state);
    print("%-9s %6u %8u ", t->state == TASK_BLOCKED ? t->waiting_for : "-", t->ticks, t->switches);
    print("%6u %6u\n", t->demand_faults, t->copy_faults);
  }
}

static void uptime(const char *argument) {
  (void)argument;
  print("up %u.%02u s, ", ticks / TICKS_PER_SECOND, ticks % TICKS_PER_SECOND);
  print("%u interrupts, %u preemptions\n", interrupts, preemptions);
}

static void mem(const char *argument) {
  (void)argument;
  const struct memory_counts *m = &memory_counts;
  print("frames: %u free of %u\n", frames_free(), RAM_SIZE / FRAME_BYTES);
  print("pages filled in on demand: %u\n", m->demand_pages);
  print("pages shared by fork:      %u\n", m->shared_pages);
  print("copied at a store:         %u (%u for a system call)\n", m->copied_pages, m->kernel_copies);
  print("kept at a store:           %u (the others had gone)\n", m->adopted_pages);
}

static void faults(const char *argument) {
  (void)argument;
  for (int kind = 1; kind <= FAULT_OTHER; kind++) {
    char name[24];
    describe_fault(kind, name, sizeof name);
    print("%-22s %u\n", name, faults_by_kind[kind]);
  }
}

static void maps(const char *argument) {
  const struct task *task = task_by_pid(number(argument));
  if (!task || !task->space.level1) {
    print("maps PID: a process that has memory of its own (see ps)\n");
    return;
  }
  print("level 1 table at %08x, pages at %08x\n", physical(task->space.level1), physical(task->space.pages));
  for (const struct region *r = task->space.regions; r < task->space.regions + REGIONS; r++) {
    u32 present = 0;
    u32 shared = 0;
    for (u32 page = r->start; page < r->end; page += FRAME_BYTES) {
      u32 descriptor = task->space.pages[page / FRAME_BYTES];
      if (!descriptor) continue;
      present++;
      if (frame_users(descriptor & ~(FRAME_BYTES - 1)) > 1) shared++;
    }
    print("%08x-%08x r%c %-5s %3u pages, %u present, %u shared\n", r->start, r->end, r->writable ? 'w' : '-', r->name,
          (r->end - r->start + FRAME_BYTES - 1) / FRAME_BYTES, present, shared);
  }
}

static void syscalls(const char *argument) {
  (void)argument;
  for (u32 i = 0; i < SYSTEM_CALLS; i++) print("%-7s %u\n", call_names[i], calls_by_number[i]);
}

static void regs(const char *argument) {
  (void)argument;
  static const char *const modes[] = {"usr", "svc", "irq", "abt", "und", "fiq"};
  u32 sp[6];
  read_banks(sp);
  print("cpsr %08x\n", read_cpsr());
  for (u32 i = 0; i < 6; i++) print("sp_%s %08x\n", modes[i], sp[i]);
  print("called from:\n");
  backtrace((u32)__builtin_frame_address(0));
}

static void cp15(const char *argument) {
  (void)argument;
  u32 control = read_sctlr();
  print("MIDR   %08x\ncache  %08x\n", read_midr(), read_cache_type());
  print("SCTLR  MMU %s, alignment checks %s, system protection %s, instruction cache %s, vectors %s\n",
        control & SCTLR_M ? "on" : "off", control & SCTLR_A ? "on" : "off", control & SCTLR_S ? "on" : "off",
        control & SCTLR_I ? "on" : "off", control & SCTLR_V ? "high" : "low");
  print("TTBR0  %08x\nDACR   %08x\nCONTEXTIDR %08x\n", read_ttbr0(), read_dacr(), read_context_id());
  print("DFSR   %02x  FAR %08x  IFSR %02x\n", read_dfsr() & 0xf, read_far(), read_ifsr() & 0xf);
}

/* Kept for a debugger and for the tests: QEMU and real processors differ in it. See probe.S. */
int flags_restored;

static void probe(const char *argument) {
  (void)argument;
  u32 scratch = 0;
  print("coprocessor 7: %d of 7 instructions refused\n", probe_coprocessor(&scratch));
  print("exception returns: %d of 12 data-processing instructions arrive\n", probe_returns(&flags_restored));
}

static void fork_demo(const char *argument) {
  (void)argument;
  struct memory_counts before = memory_counts;
  run_foreground("cow", 1);
  u32 shared = memory_counts.shared_pages - before.shared_pages;
  u32 copied = memory_counts.copied_pages - before.copied_pages;
  u32 by_kernel = memory_counts.kernel_copies - before.kernel_copies;
  print("%u pages shared, %u copied (%u of them by the kernel's own store)\n", shared, copied, by_kernel);
}

/* run NAME [NUMBER] [&] */
static void run(const char *argument) {
  char name[16];
  u32 length = 0;
  while (argument[length] && argument[length] != ' ') length++;
  copy_text(name, argument, length + 1 < sizeof name ? length + 1 : sizeof name);
  const char *rest = argument + length;
  int value = 0;
  int background = 0;
  for (; *rest; rest++) {
    if (*rest == '&') background = 1;
    if (*rest >= '0' && *rest <= '9' && rest[-1] == ' ') value = number(rest);
  }
  if (!background) {
    run_foreground(name, (u32)value);
    return;
  }
  int pid = task_spawn(name, (u32)value);
  if (pid < 0) print("cannot run \"%s\": error %d\n", name, -pid);
  else print("[%d %s]\n", pid, name);
}

static void kill(const char *argument) {
  int pid = number(argument);
  if (pid < 0 || task_kill(pid) < 0) {
    print("kill PID: a process (see ps)\n");
    return;
  }
  u32 status;
  if (task_reap(pid, &status) == pid) print_status(pid, status);
}

static void fault(const char *argument) {
  for (u32 i = 0; fault_kinds[i]; i++) {
    if (!same_text(argument, fault_kinds[i])) continue;
    run_foreground("fault", i);
    return;
  }
  print("fault KIND:");
  for (u32 i = 0; fault_kinds[i]; i++) print(" %s", fault_kinds[i]);
  print("\n");
}

/* Two spinning programs for ten ticks, sampled by fast interrupts. */
static void profile_demo(const char *argument) {
  (void)argument;
  u32 samples[2];
  u32 status;
  int first = task_spawn("spin", 0);
  int second = task_spawn("spin", 0);
  take_samples(samples);
  profile(1);
  sleep_until(ticks + 10);
  profile(0);
  take_samples(samples);
  task_kill(first);
  task_kill(second);
  task_reap(first, &status);
  task_reap(second, &status);
  print("%u samples in user mode, %u in the kernel\n", samples[0], samples[1]);
}

static void run_selftest(const char *argument) {
  (void)argument;
  selftest();
}

static void panic_demo(const char *argument) {
  panic(*argument ? argument : "asked for at the prompt", 0);
}

static void crash(const char *argument) {
  (void)argument;
  *(volatile u32 *)kernel_start = 0;
}

static void reboot(const char *argument) {
  (void)argument;
  volatile u32 *system = device(SYSTEM_REGISTERS);
  print("resetting\n");
  system[SYS_LOCK] = LOCK_KEY;
  system[SYS_RESETCTL] = RESET_REQUEST;
  stop();
}

static void poweroff(const char *argument) {
  (void)argument;
  print("stopped\n");
  stop();
}

static const struct command commands[] = {
    {"help", help, "this list"},
    {"ps", ps, "the tasks"},
    {"uptime", uptime, "time since the start, interrupts, preemptions"},
    {"mem", mem, "frames, demand paging, copy-on-write"},
    {"faults", faults, "what programs were killed for"},
    {"maps", maps, "PID: the memory of a process"},
    {"syscalls", syscalls, "calls by name"},
    {"regs", regs, "CPSR, the stack pointers of all modes, a backtrace"},
    {"cp15", cp15, "the system control coprocessor"},
    {"probe", probe, "an absent coprocessor; twelve ways to return from an exception"},
    {"profile", profile_demo, "samples two programs by fast interrupts (FIQ)"},
    {"fork", fork_demo, "shows copy-on-write at work"},
    {"run", run, "NAME [NUMBER] [&]: a program, with & in the background"},
    {"kill", kill, "PID: ends a process"},
    {"fault", fault, "KIND: has a program do what it must not"},
    {"selftest", run_selftest, "checks everything"},
    {"panic", panic_demo, "[TEXT]: stops as if something were wrong"},
    {"crash", crash, "stores into the kernel's code, which is read-only"},
    {"reboot", reboot, "resets the board"},
    {"poweroff", poweroff, "ends"},
    {0, 0, 0},
};

static void execute(char *line) {
  char *end = line;
  while (*end && *end != ' ') end++;
  char *argument = end;
  while (*argument == ' ') argument++;
  *end = 0;
  if (!*line) return;
  for (const struct command *c = commands; c->name; c++) {
    if (!same_text(c->name, line)) continue;
    c->run(argument);
    return;
  }
  print("no command \"%s\"; try help\n", line);
}

/* Processes that ended in the background, and those whose parents are gone. */
static void reap_background(void) {
  for (;;) {
    struct task *zombie = 0;
    for (struct task *t = tasks; t < tasks + MAX_TASKS; t++) {
      if (t->state == TASK_ZOMBIE && t->parent == MONITOR_PID) zombie = t;
    }
    u32 status;
    if (!zombie) return;
    int pid = task_reap(zombie->pid, &status);
    print_status(pid, status);
  }
}

void monitor(void) {
  char line[80];
  print("running the first two processes\n");
  run_foreground("hello", 1);
  print("SAMPLE-BOOT-OK\n");
  for (;;) {
    reap_background();
    print("sample> ");
    read_line(line, sizeof line);
    execute(line);
  }
}
