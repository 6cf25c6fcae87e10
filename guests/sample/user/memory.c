/*
 * Programs about memory, good and bad.
 */
#include "programs.h"
#include "user.h"

/* start.S */
int fault_by_word(u32 kind);

#define PAGE 4096

/* Three pages of data, so that each kind of store meets a page of its own. */
static struct {
  u32 by_program;
  u8 rest_of_page[PAGE - 4];
  u32 by_kernel;
  u8 rest_of_second_page[PAGE - 4];
  u32 by_child;
} shared __attribute__((aligned(PAGE))) = {1, {0}, 2, {0}, 3};

/* Parent and child store into the pages that they share; neither may see what the other has stored. */
int cow_main(u32 argument) {
  u32 status = ~0u;
  int child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    struct duration duration = {0, 2};
    shared.by_child = 33;
    if (sleep(&duration) < 0) return 2; /* the parent stores now */
    if (shared.by_program != 1 || shared.by_kernel != 2) return 3;
    return shared.by_child == 33 ? 0 : 4;
  }
  shared.by_program = 11;
  if (uptime(&shared.by_kernel) < 0) return 5; /* the kernel stores, by STRT */
  shared.by_kernel += 1000;
  if (wait(&status) != child) return 6;
  if (argument) {
    say("parent: ");
    say_number(shared.by_program);
    say(shared.by_kernel >= 1000 ? ", a new word, " : ", an old word, ");
    say_number(shared.by_child);
    say(status == 0 ? "; the child saw 1, 2, 33\n" : "; the child saw something else\n");
  }
  if (shared.by_program != 11 || shared.by_kernel < 1000 || shared.by_child != 3) return 7;
  return (int)status;
}

static u32 deep(u32 pages) {
  volatile u8 room[PAGE];
  room[0] = (u8)pages;
  return pages ? deep(pages - 1) + room[0] : room[0];
}

int demand_main(u32 argument) {
  u32 pages = argument ? argument : 16;
  volatile u32 *heap = grow((int)(pages * PAGE));
  if ((int)heap < 0) return 1;
  for (u32 i = 0; i < pages; i++) {
    if (heap[i * PAGE / 4] != 0) return 2;
    heap[i * PAGE / 4] = i;
  }
  for (u32 i = 0; i < pages; i++) {
    if (heap[i * PAGE / 4] != i) return 3;
  }
  if (deep(8) != 36) return 4;
  if ((int)grow(0x7fffffff) >= 0) return 5;
  return 0;
}

/* Addresses that no system call may use, and what it says then. */
int bad_main(u32 argument) {
  static const u32 addresses[] = {0, 0xc0008000, 0xffff0000, 0x00380000, 0x10000000, 0xfffffff0};
  (void)argument;
  for (u32 i = 0; i < sizeof addresses / sizeof *addresses; i++) {
    u32 bad = addresses[i];
    if (write((const char *)bad, 8) != -EFAULT) return 1;
    if (write((const char *)bad + 1, 8) != -EFAULT) return 2;
    if (uptime((u32 *)bad) != -EFAULT) return 3;
    if (sleep((const struct duration *)bad) != -EFAULT) return 4;
    if (spawn((const char *)bad, 0) != -EFAULT) return 5;
  }
  if (uptime((u32 *)fault_main) != -EFAULT) return 6; /* code is read-only */
  if (uptime((u32 *)((u8 *)&shared + 2)) != -EFAULT) return 7;
  if (system_call(SYSTEM_CALLS, 0, 0, 0) >= 0) return 8;
  int child = fork();
  if (child == 0) return 9;
  if (wait((u32 *)0xc0000000) != -EFAULT) return 10;
  return 0;
}

/* The order is that of the monitor's `fault` command. */
int fault_main(u32 argument) {
  static const u32 words[2] = {1, 2};
  volatile u32 sink;
  switch (argument) {
    case 0:
      sink = *(volatile const u32 *)0;
      return (int)sink;
    case 1:
      sink = *(volatile const u32 *)0xc0008000;
      return (int)sink;
    case 2:
      *(volatile u32 *)(u32)fault_main = 0;
      return 1;
    case 3:
      sink = *(volatile const u32 *)((u32)words + 1);
      return (int)sink;
    case 4:
      return fault_by_word(0);
    case 5:
      return fault_by_word(1);
    case 6:
      ((void (*)(void))0x00200000)();
      return 1;
    case 7:
      return (int)deep(1000); /* far beyond the stack's region */
    default:
      return fault_by_word(2);
  }
}
