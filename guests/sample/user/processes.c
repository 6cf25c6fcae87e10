/*
 * Programs about processes.
 */
#include "programs.h"
#include "user.h"

int hello_main(u32 argument) {
  (void)argument;
  say("hello from process ");
  say_number((u32)getpid());
  say("\n");
  if (fork() == 0) {
    say("and from its child, process ");
    say_number((u32)getpid());
    say("\n");
    return 0;
  }
  u32 status;
  wait(&status);
  return (int)status;
}

/* The program of a child: its exit code tells what it is. */
int fork_main(u32 argument) {
  u32 status = ~0u;
  if (argument) return (int)argument;
  int child = fork();
  if (child < 0) return 1;
  if (child == 0) exit(42);
  if (wait(&status) != child || status != 42) return 2;
  child = spawn("fork", 7);
  if (child < 0) return 3;
  if (wait(&status) != child || status != 7) return 4;
  if (wait(&status) >= 0) return 5;
  child = fork();
  if (child == 0) {
    for (;;) yield();
  }
  if (kill(child) != 0 || wait(&status) != child || status != STATUS_KILLED) return 6;
  if (kill(child) >= 0) return 7;
  if (spawn("nothing", 0) >= 0) return 8;
  return 0;
}

int spin_main(u32 argument) {
  for (;;) __asm__ volatile("" : "+r"(argument));
}

int upper_main(u32 argument) {
  (void)argument;
  char line[40];
  int length = read(line, sizeof line);
  for (int i = 0; i < length; i++) {
    if (line[i] >= 'a' && line[i] <= 'z') line[i] = (char)(line[i] - 'a' + 'A');
  }
  if (length > 0) write(line, (u32)length);
  say("\n");
  return length < 0;
}

int sleep_main(u32 argument) {
  struct duration duration = {0, argument ? argument : 2};
  u32 before, after;
  if (uptime(&before) < 0) return 1;
  if (sleep(&duration) < 0) return 2;
  if (uptime(&after) < 0) return 3;
  return after - before < duration.ticks ? 4 : 0;
}

int orphan_main(u32 argument) {
  (void)argument;
  if (fork() == 0) {
    struct duration duration = {0, 3};
    sleep(&duration);
    return 3;
  }
  return 0;
}
