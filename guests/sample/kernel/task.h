/*
 * Tasks and their memory. A debugger finds every task from `tasks`, and the one that runs from `current`.
 */
#ifndef TASK_H
#define TASK_H

#include "abi.h"
#include "layout.h"

#define MAX_TASKS 16
#define REGIONS 4

/* What exceptions.S saves when the kernel is entered. */
struct trap_frame {
  u32 r[13];
  u32 sp;
  u32 lr;
  u32 pc;
  u32 cpsr;
  u32 vector;
};

/* What switch_context keeps of a task that does not run. */
struct context {
  u32 r4_to_r11[8];
  u32 sp;
  u32 pc;
};

enum task_state { TASK_FREE, TASK_READY, TASK_BLOCKED, TASK_ZOMBIE };

/* A range of a program's addresses, with one set of rules. */
struct region {
  const char *name;
  u32 start;
  u32 end;
  int writable;
};

enum { REGION_TEXT, REGION_DATA, REGION_HEAP, REGION_STACK };

/* The memory of a user program. Kernel tasks have none, and run on the table that boot.S has made. */
struct address_space {
  u32 *level1; /* 4,096 words: the kernel's part is the same in all */
  u32 *pages;  /* 1,024 words: four coarse tables side by side, for the first 4 MB */
  struct region regions[REGIONS];
};

struct task {
  int pid;
  int parent;
  char name[12];
  enum task_state state;
  const char *waiting_for; /* while blocked */
  struct context context;
  struct address_space space;
  u32 stack; /* the kernel stack's lowest address */
  u32 wake_at; /* the tick that ends a sleep */
  int killed;
  u32 status; /* for wait(), once it is a zombie */
  u32 ticks;  /* timer ticks that met it running */
  u32 switches; /* times it got the processor */
  u32 demand_faults;
  u32 copy_faults;
};

extern struct task tasks[MAX_TASKS];
extern struct task *current;
#define IDLE_TASK (&tasks[0])
#define MONITOR_PID 1

/* task.c */
void tasks_init(void);
struct task *task_start(const char *name, void (*function)(void));
int task_spawn(const char *program, u32 argument);
int task_fork(const struct trap_frame *frame);
int task_kill(int pid);
int task_reap(int pid, u32 *status);
struct task *task_by_pid(int pid);
void task_exit(u32 status) __attribute__((noreturn));
void block(const char *reason);
void wake(struct task *task);
void wake_waiting(const char *reason);
void schedule(void);
void sleep_until(u32 tick);
void tick_tasks(void);
void before_user_mode(struct trap_frame *frame);
extern u32 preemptions;

#endif
