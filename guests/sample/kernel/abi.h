/*
 * What user programs and the kernel agree on. A system call has its number in r7, its arguments in r0 to r2, and its
 * result in r0: negative for an error.
 */
#ifndef ABI_H
#define ABI_H

#include "errors.h"

typedef unsigned char u8;
typedef unsigned int u32;

enum system_call {
  SYS_EXIT,
  SYS_WRITE,
  SYS_READ,
  SYS_FORK,
  SYS_SPAWN,
  SYS_WAIT,
  SYS_GETPID,
  SYS_YIELD,
  SYS_SLEEP,
  SYS_BRK,
  SYS_UPTIME,
  SYS_KILL,
  SYSTEM_CALLS
};

/* How long to sleep. */
struct duration {
  u32 seconds;
  u32 ticks;
};

#define TICKS_PER_SECOND 100

/* The status that wait() reports: an exit code from 0 to 255, or why the kernel ended the process. */
#define STATUS_KILLED 0x100
#define STATUS_FAULT 0x200 /* and the kind of fault, from 1 */

enum fault {
  FAULT_ALIGNMENT = 1,
  FAULT_NO_PAGE,
  FAULT_PERMISSION,
  FAULT_BREAKPOINT,
  FAULT_UNDEFINED,
  FAULT_OTHER
};

#endif
