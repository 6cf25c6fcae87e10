/*
 * What programs have: system calls, and a little text output. They are compiled with the kernel but share nothing
 * with it except abi.h.
 */
#ifndef USER_H
#define USER_H

#include "abi.h"

int system_call(enum system_call number, u32 a, u32 b, u32 c);

void exit(int code) __attribute__((noreturn));
int write(const char *text, u32 bytes);
int read(char *text, u32 room);
int fork(void);
int spawn(const char *program, u32 argument);
int wait(u32 *status);
int getpid(void);
void yield(void);
int sleep(const struct duration *duration);
void *grow(int bytes);
int uptime(u32 *ticks);
int kill(int pid);

void say(const char *text);
void say_number(u32 value);

#endif
