/*
 * System calls. Each gets the frame of its caller: arguments in r0 to r2, which are the program's word and thus
 * anything.
 */
#include "cpu.h"
#include "kernel.h"

#define CHUNK 64 /* bytes copied between program and console at a time */

u32 calls_by_number[SYSTEM_CALLS];

static int sys_exit(struct trap_frame *frame) { task_exit(frame->r[0] & 0xff); }

static int sys_write(struct trap_frame *frame) {
  const char *text = (const char *)frame->r[0];
  u32 bytes = frame->r[1];
  for (u32 done = 0; done < bytes;) {
    char chunk[CHUNK] __attribute__((aligned(4)));
    u32 length = bytes - done < CHUNK ? bytes - done : CHUNK;
    if (copy_from_user(chunk, text + done, length) < 0) return -EFAULT;
    for (u32 i = 0; i < length; i++) put_char(chunk[i]);
    done += length;
  }
  return (int)bytes;
}

/* A line of the console, without its end, cut off at the program's buffer. */
static int sys_read(struct trap_frame *frame) {
  char line[CHUNK] __attribute__((aligned(4)));
  int length = read_line(line, sizeof line);
  if (length < 0) return length;
  u32 bytes = (u32)length < frame->r[1] ? (u32)length : frame->r[1];
  if (copy_to_user((void *)frame->r[0], line, bytes) < 0) return -EFAULT;
  return (int)bytes;
}

static int sys_fork(struct trap_frame *frame) { return task_fork(frame); }

static int sys_spawn(struct trap_frame *frame) {
  char name[16];
  if (string_from_user(name, (const char *)frame->r[0], sizeof name) < 0) return -EFAULT;
  return task_spawn(name, frame->r[1]);
}

static int sys_wait(struct trap_frame *frame) {
  u32 status;
  int pid = task_reap(0, &status);
  if (pid >= 0 && put_user((u32 *)frame->r[0], status) < 0) return -EFAULT;
  return pid;
}

static int sys_getpid(struct trap_frame *frame) {
  (void)frame;
  return current->pid;
}

static int sys_yield(struct trap_frame *frame) {
  (void)frame;
  u32 flags = mask_interrupts();
  schedule();
  restore_interrupts(flags);
  return 0;
}

static int sys_sleep(struct trap_frame *frame) {
  struct duration duration;
  if (copy_from_user(&duration, (const void *)frame->r[0], sizeof duration) < 0) return -EFAULT;
  if (duration.seconds > 3600 || duration.ticks > 3600 * TICKS_PER_SECOND) return -EINVAL;
  sleep_until(ticks + duration.seconds * TICKS_PER_SECOND + duration.ticks);
  return current->killed ? -EINTR : 0;
}

static int sys_brk(struct trap_frame *frame) { return space_grow(&current->space, (int)frame->r[0]); }

static int sys_uptime(struct trap_frame *frame) { return put_user((u32 *)frame->r[0], ticks); }

static int sys_kill(struct trap_frame *frame) { return task_kill((int)frame->r[0]); }

static int (*const calls[SYSTEM_CALLS])(struct trap_frame *) = {
    [SYS_EXIT] = sys_exit,   [SYS_WRITE] = sys_write,   [SYS_READ] = sys_read,     [SYS_FORK] = sys_fork,
    [SYS_SPAWN] = sys_spawn, [SYS_WAIT] = sys_wait,     [SYS_GETPID] = sys_getpid, [SYS_YIELD] = sys_yield,
    [SYS_SLEEP] = sys_sleep, [SYS_BRK] = sys_brk,       [SYS_UPTIME] = sys_uptime, [SYS_KILL] = sys_kill,
};

const char *const call_names[SYSTEM_CALLS] = {
    [SYS_EXIT] = "exit",   [SYS_WRITE] = "write",   [SYS_READ] = "read",     [SYS_FORK] = "fork",
    [SYS_SPAWN] = "spawn", [SYS_WAIT] = "wait",     [SYS_GETPID] = "getpid", [SYS_YIELD] = "yield",
    [SYS_SLEEP] = "sleep", [SYS_BRK] = "brk",       [SYS_UPTIME] = "uptime", [SYS_KILL] = "kill",
};

void handle_svc(struct trap_frame *frame) {
  u32 number = frame->r[7];
  if (number >= SYSTEM_CALLS) {
    frame->r[0] = (u32)-ENOSYS;
    return;
  }
  calls_by_number[number]++;
  frame->r[0] = (u32)calls[number](frame);
}
