/*
 * The system calls as functions, and text output.
 */
#include "user.h"

void exit(int code) {
  for (;;) system_call(SYS_EXIT, (u32)code, 0, 0);
}

int write(const char *text, u32 bytes) { return system_call(SYS_WRITE, (u32)text, bytes, 0); }
int read(char *text, u32 room) { return system_call(SYS_READ, (u32)text, room, 0); }
int fork(void) { return system_call(SYS_FORK, 0, 0, 0); }
int spawn(const char *program, u32 argument) { return system_call(SYS_SPAWN, (u32)program, argument, 0); }
int wait(u32 *status) { return system_call(SYS_WAIT, (u32)status, 0, 0); }
int getpid(void) { return system_call(SYS_GETPID, 0, 0, 0); }
void yield(void) { system_call(SYS_YIELD, 0, 0, 0); }
int sleep(const struct duration *duration) { return system_call(SYS_SLEEP, (u32)duration, 0, 0); }
void *grow(int bytes) { return (void *)system_call(SYS_BRK, (u32)bytes, 0, 0); }
int uptime(u32 *ticks) { return system_call(SYS_UPTIME, (u32)ticks, 0, 0); }
int kill(int pid) { return system_call(SYS_KILL, (u32)pid, 0, 0); }

void say(const char *text) {
  u32 length = 0;
  while (text[length]) length++;
  write(text, length);
}

void say_number(u32 value) {
  char digits[10];
  u32 first = sizeof digits;
  do {
    digits[--first] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  write(digits + first, sizeof digits - first);
}
