/*
 * Tasks: the table, the scheduler, and how tasks begin and end.
 *
 * User programs can be preempted at any instruction: the tick asks for it, before_user_mode does it. The kernel
 * itself is not preempted, so code here needs to mask interrupts only against the interrupt handlers.
 */
#include "cpu.h"
#include "kernel.h"

struct task tasks[MAX_TASKS];
struct task *current;
u32 preemptions;

static int next_pid;
static int turn_is_over;
extern char boot_stack[];

/* The code that becomes the idle task. */
void tasks_init(void) {
  current = IDLE_TASK;
  current->pid = next_pid++;
  current->state = TASK_READY;
  current->stack = (u32)boot_stack;
  copy_text(current->name, "idle", sizeof current->name);
}

struct task *task_by_pid(int pid) {
  for (struct task *t = tasks; t < tasks + MAX_TASKS; t++) {
    if (t->state != TASK_FREE && t->pid == pid) return t;
  }
  return 0;
}

/* A free place in the table with a kernel stack, not yet ready to run; 0 when there is none. */
static struct task *task_allocate(const char *name) {
  for (struct task *t = tasks; t < tasks + MAX_TASKS; t++) {
    if (t->state != TASK_FREE) continue;
    u32 stack = frame_alloc(STACK_BYTES / FRAME_BYTES);
    if (!stack) return 0;
    memset(t, 0, sizeof *t);
    t->stack = (u32)at_physical(stack);
    t->parent = current->pid;
    copy_text(t->name, name, sizeof t->name);
    return t;
  }
  return 0;
}

static void free_stack(struct task *task) {
  for (u32 i = 0; i < STACK_BYTES; i += FRAME_BYTES) frame_release(physical((void *)task->stack) + i);
}

static int task_ready(struct task *task) {
  task->pid = next_pid++;
  task->state = TASK_READY;
  return task->pid;
}

/* A task that runs in the kernel. */
struct task *task_start(const char *name, void (*function)(void)) {
  struct task *task = task_allocate(name);
  if (!task) panic("no room for a kernel task", 0);
  task->context.r4_to_r11[0] = (u32)function;
  task->context.sp = task->stack + STACK_BYTES;
  task->context.pc = (u32)start_kernel_task;
  task_ready(task);
  return task;
}

/* Puts the frame with which a new process enters user mode at the top of its kernel stack. */
static struct trap_frame *first_frame(struct task *task) {
  struct trap_frame *frame = (struct trap_frame *)(task->stack + STACK_BYTES) - 1;
  task->context.sp = (u32)frame;
  task->context.pc = (u32)leave_to_user;
  return frame;
}

extern void user_start(void);

/* Starts a program as a new process. Returns its pid, or an error. */
int task_spawn(const char *name, u32 argument) {
  const struct program *program = find_program(name);
  if (!program) return -ESRCH;
  struct task *task = task_allocate(program->name);
  if (!task) return -EAGAIN;
  if (space_create(&task->space) < 0) {
    free_stack(task);
    return -ENOMEM;
  }
  struct trap_frame *frame = first_frame(task);
  frame->r[0] = argument;
  frame->r[1] = (u32)program->main;
  frame->sp = USER_END;
  frame->pc = (u32)user_start;
  frame->cpsr = MODE_USR;
  return task_ready(task);
}

/* A copy of the current process, for which the system call returns 0. Returns its pid, or an error. */
int task_fork(const struct trap_frame *frame) {
  struct task *task = task_allocate(current->name);
  if (!task) return -EAGAIN;
  if (space_fork(&task->space, &current->space) < 0) {
    free_stack(task);
    return -ENOMEM;
  }
  struct trap_frame *copy = first_frame(task);
  *copy = *frame;
  copy->r[0] = 0;
  return task_ready(task);
}

/*
 * Ends the current task. What it leaves is a zombie that keeps its status, and the stack that this runs on, until its
 * parent asks; its children get the monitor as their parent.
 */
void task_exit(u32 status) {
  mask_interrupts();
  struct address_space space = current->space;
  current->space.level1 = 0;
  space_switch(current);
  space_destroy(&space);
  for (struct task *t = tasks; t < tasks + MAX_TASKS; t++) {
    if (t->parent == current->pid) t->parent = MONITOR_PID;
  }
  current->status = status;
  current->state = TASK_ZOMBIE;
  struct task *parent = task_by_pid(current->parent);
  if (parent) wake(parent);
  schedule();
  panic("a task went on after its end", 0);
}

/* Has a process end as soon as it would run in user mode. */
int task_kill(int pid) {
  struct task *task = task_by_pid(pid);
  if (!task || !task->space.level1) return -ESRCH;
  task->killed = 1;
  wake(task);
  return 0;
}

/* Waits for a child to end, any for pid 0; removes it. Returns its pid, or an error. */
int task_reap(int pid, u32 *status) {
  u32 flags = mask_interrupts();
  int result;
  for (;;) {
    int children = 0;
    struct task *t = tasks;
    for (; t < tasks + MAX_TASKS; t++) {
      if (t->state == TASK_FREE || t->parent != current->pid || t == current || (pid && t->pid != pid)) continue;
      children++;
      if (t->state == TASK_ZOMBIE) break;
    }
    if (t < tasks + MAX_TASKS) {
      result = t->pid;
      *status = t->status;
      free_stack(t);
      t->state = TASK_FREE;
      break;
    }
    result = children == 0 ? -ECHILD : -EINTR;
    if (children == 0 || current->killed) break;
    block("child");
  }
  restore_interrupts(flags);
  return result;
}

/*
 * Gives the processor away until somebody calls wake. Interrupts are masked, or the wake-up could come before the
 * sleep.
 */
void block(const char *reason) {
  current->waiting_for = reason;
  current->state = TASK_BLOCKED;
  schedule();
}

void wake(struct task *task) {
  if (task->state == TASK_BLOCKED) task->state = TASK_READY;
}

/* Wakes the tasks that wait for a reason, given as the same pointer that they gave. */
void wake_waiting(const char *reason) {
  for (struct task *t = tasks; t < tasks + MAX_TASKS; t++) {
    if (t->waiting_for == reason) wake(t);
  }
}

void sleep_until(u32 tick) {
  u32 flags = mask_interrupts();
  while ((int)(tick - ticks) > 0 && !current->killed) {
    current->wake_at = tick;
    block("time");
  }
  current->wake_at = 0;
  restore_interrupts(flags);
}

/* The timer has ticked. */
void tick_tasks(void) {
  current->ticks++;
  turn_is_over = 1;
  for (struct task *t = tasks; t < tasks + MAX_TASKS; t++) {
    if (t->wake_at && (int)(t->wake_at - ticks) <= 0) wake(t);
  }
}

/*
 * Goes on with the next task that is ready, in turn; with the idle task when there is no other. Interrupts are
 * masked.
 */
void schedule(void) {
  struct task *before = current;
  u32 place = (u32)(before - tasks);
  struct task *next = IDLE_TASK;
  for (u32 i = 1; i <= MAX_TASKS; i++) {
    struct task *candidate = &tasks[(place + i) % MAX_TASKS];
    if (candidate->state != TASK_READY || candidate == IDLE_TASK) continue;
    next = candidate;
    break;
  }
  turn_is_over = 0;
  if (next == before) return;
  next->switches++;
  current = next;
  space_switch(next);
  switch_context(&before->context, &next->context);
}

/* The last thing before user mode, with interrupts masked. */
void before_user_mode(struct trap_frame *frame) {
  if (turn_is_over) {
    if (frame->vector == VECTOR_IRQ) preemptions++;
    schedule();
  }
  if (current->killed) task_exit(STATUS_KILLED);
}
