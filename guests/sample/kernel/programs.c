/*
 * The programs that can be run. They are all in one image, like the commands of BusyBox, each with a main function of
 * its own.
 */
#include "programs.h"

#include "kernel.h"

const struct program programs[] = {
    {"hello", hello_main, "prints a line, forks, and waits for its child"},
    {"fork", fork_main, "forks and spawns; checks what wait() says"},
    {"cow", cow_main, "stores into shared pages, itself and by system call"},
    {"demand", demand_main, "grows its heap and stack by using them"},
    {"spin", spin_main, "never ends, and never asks the kernel for anything"},
    {"upper", upper_main, "reads a line and prints it in capitals"},
    {"bad", bad_main, "gives system calls bad addresses"},
    {"fault", fault_main, "does what its argument says, and is killed for it"},
    {"sleep", sleep_main, "sleeps for two ticks and looks at the clock"},
    {"orphan", orphan_main, "ends before its child does"},
    {0, 0, 0},
};

const struct program *find_program(const char *name) {
  for (const struct program *p = programs; p->name; p++) {
    if (same_text(p->name, name)) return p;
  }
  return 0;
}
