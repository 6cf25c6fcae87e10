/*
 * Fork and copy-on-write: frames shared read-only between processes, whose sharing ends at the first store, whether of
 * the user, or of the kernel on behalf of the user (STRT). A kernel's STR has the kernel's rights.
 */
#include "guest.h"

enum { PAGES = 4, PROCESSES = 40, COPY = 7 };
#define SHARED 0x40000000u
#define DOMAIN 3u

typedef struct {
  word *root;
  word *table;
} Process;

static Process processes[PROCESSES], *current;
/* By frame: processes that map it. */
static u32 users[1024];
static u32 low_table;
static u32 faults, quiet;
/* What a shared page is mapped with: user read-only, and for the kernel read-write or (with R) read-only. */
static u32 shared_ap = 2;

static u32 *users_of(u32 entry) {
  return &users[((entry & 0xfffff000) - FRAMES) >> 12];
}

static void create(Process *process) {
  process->root = new_root();
  process->root[0] = COARSE(low_table, 0);
  process->table = (word *)new_table(1024);
  process->root[SHARED >> 20] = COARSE(process->table, DOMAIN);
}

static void fill(Process *process, u32 seed) {
  for (u32 page = 0; page < PAGES; page++) {
    u32 frame = new_frame();
    for (u32 i = 0; i < 1024; i++) ((word *)frame)[i] = seed + (page << 12) + i;
    process->table[page] = SMALL(frame, AP4(3));
    *users_of(frame) = 1;
  }
}

/* Both map the same frames, and neither may store. */
static void fork(Process *parent, Process *child) {
  if (!child->root) create(child);
  for (u32 page = 0; page < PAGES; page++) {
    u32 frame = parent->table[page] & 0xfffff000;
    child->table[page] = parent->table[page] = SMALL(frame, AP4(shared_ap));
    ++*users_of(frame);
  }
  flush();
}

static void change_to(Process *process) {
  current = process;
  set_ttbr(process->root);
  flush();
}

static int break_sharing(u32 va) {
  u32 page = (va - SHARED) >> 12;
  if (va < SHARED || page >= PAGES) return 0;
  word *entry = &current->table[page];
  if (!(*entry & 3) || (*entry & 0xff0) != AP4(shared_ap) << 4) return 0;
  u32 *count = users_of(*entry);
  u32 frame = *entry & 0xfffff000;
  if (*count > 1) {
    u32 copy = new_frame();
    for (u32 i = 0; i < 1024; i++) ((word *)copy)[i] = ((word *)frame)[i];
    --*count;
    *users_of(copy) = 1;
    frame = copy;
  }
  *entry = SMALL(frame, AP4(3));
  flush_page(va);
  return 1;
}

static int hook(Exception *exception, Frame *frame) {
  u32 kind = exception->what & 255, lr = exception->lr;
  if (kind == SVC && (*(word *)(lr - 4) & 0xff) == COPY) {
    copy_to_user(frame->r[0], frame->r[1]);
    frame->pc = lr;
    return 1;
  }
  /* A permission fault of a page. */
  if (kind != DATA_ABORT || (exception->dfsr & 15) != 15) return 0;
  u32 va = exception->far;
  if (!quiet)
    print("    fault of the %s: DFSR=%x FAR=%w\n", (exception->spsr & 31) == 0x10 ? "user" : "kernel", exception->dfsr,
          va);
  if (!break_sharing(va)) return 0;
  faults++;
  frame->pc = lr - 8;
  return 1;
}

/* A word of each process at an offset, as the kernel finds it in memory. */
static void show(u32 offset) {
  for (u32 i = 0; i < 2; i++) {
    u32 frame = processes[i].table[offset >> 12] & 0xfffff000;
    word *at = (word *)(frame + (offset & 0xfff));
    print("    process %u: %w %w, %u user(s) of the frame\n", i, at[0], at[1], *users_of(frame));
  }
}

static void again(void) {
  fill(&processes[0], 0x1000);
  fork(&processes[0], &processes[1]);
  change_to(&processes[1]);
}

static void one_by_one(void) {
  again();
  print("a system call that writes into a shared page\n");
  user("  call", user_call, SHARED + 0x100, 0xaaaa0000);
  show(0x100);
  print("the same page again: no fault\n");
  user("  call", user_call, SHARED + 0x200, 0xbbbb0000);
  show(0x200);
  print("the other process, now the only user of the frame\n");
  change_to(&processes[0]);
  user("  call", user_call, SHARED + 0x100, 0xcccc0000);
  show(0x100);
  again();
  print("a system call that writes over the end of a shared page\n");
  user("  call", user_call, SHARED + 0x1ff4, 0xdddd0000);
  show(0x1ff8);
  show(0x2000);
  print("a byte\n");
  kernel("  STRBT", kernel_store_user_byte, SHARED + 0x3001, 0xee);
  show(0x3000);
  again();
  print("stores of the user\n");
  user("  STR", store_word, SHARED + 0x10, 0x1111);
  show(0x10);
  user("  STM over the end of a page", store_four, SHARED + 0x1ff8, 0x2222);
  show(0x1ff8);
  show(0x2000);
  user("  SWP", swap_word, SHARED + 0x3010, 0x3333);
  show(0x3010);
  again();
  user("  Thumb, each page", user_touch, SHARED + 0x20, PAGES);
  show(0x3020);
  again();
  print("the kernel's own store has the kernel's right, and both processes get it\n");
  kernel("  STR", store_word, SHARED + 0x30, 0x4444);
  show(0x30);
  print("with the R bit and AP 00, it has none\n");
  shared_ap = 0;
  set_sctlr(get_sctlr() | SCTLR_R);
  again();
  kernel("  LDR", load_word, SHARED + 0x40, 0);
  kernel("  LDRT", kernel_load_user, SHARED + 0x40, 0);
  kernel("  STR", store_word, SHARED + 0x40, 0x5555);
  show(0x40);
  user("  call", user_call, SHARED + 0x1040, 0x66660000);
  show(0x1040);
  set_sctlr(get_sctlr() & ~(u32)SCTLR_R);
  shared_ap = 2;
}

static void refused(void) {
  again();
  print("what is not a shared page stays refused\n");
  current->table[0] = SMALL(new_frame(), AP4(1));
  flush();
  kernel("  STRT to a page of the kernel", kernel_store_user, SHARED, 1);
  kernel("  LDRT from a page of the kernel", kernel_load_user, SHARED, 0);
  kernel("  STR to a page of the kernel", store_word, SHARED, 0x77);
  kernel("  LDR from a page of the kernel", load_word, SHARED, 0);
  user("  call with its address", user_call, SHARED + 4, 5);
  kernel("  STRT to no page", kernel_store_user, SHARED + 0x9000, 1);
  user("  call that runs into no page", user_call, SHARED + 0x3ff8, 0x88880000);
  print("a manager's stores need no right\n");
  again();
  set_domain(DOMAIN, MANAGER);
  kernel("  STRT", kernel_store_user, SHARED + 0x50, 0x9999);
  user("  STR", store_word, SHARED + 0x54, 0x9998);
  show(0x50);
  set_domain(DOMAIN, CLIENT);
  print("two views of one frame\n");
  u32 frame = new_frame();
  *users_of(frame) = 1;
  current->table[0] = SMALL(frame, AP4(3));
  current->table[1] = SMALL(frame, AP4(1));
  flush();
  kernel("  STRT by the view of the user", kernel_store_user, SHARED + 0x60, 0xa1);
  kernel("  STRT by the view of the kernel", kernel_store_user, SHARED + 0x1060, 0xa2);
  kernel("  STR by the view of the kernel", store_word, SHARED + 0x1060, 0xa3);
  user("  load by the view of the user", load_word, SHARED + 0x60, 0);
}

/* Generations of processes in turn: every one has its own words in the end. */
static void many(void) {
  fill(&processes[0], 0x50000);
  for (u32 i = 1; i < PROCESSES; i++) fork(&processes[(i - 1) / 2], &processes[i]);
  quiet = 1;
  faults = 0;
  for (u32 round = 0; round < 3; round++)
    for (u32 i = 0; i < PROCESSES; i++) {
      Process *process = &processes[i * 7 % PROCESSES];
      u32 at = SHARED + ((i + round) % PAGES << 12) + 0x100;
      change_to(process);
      if (i & 1) probe_user(user_call, at, i << 8 | round);
      else probe_user(store_word, at, i << 8 | round);
    }
  print("%u processes in three rounds: %u faults\n", PROCESSES, faults);
  for (u32 i = 0; i < PROCESSES; i++) {
    change_to(&processes[i]);
    u32 sum = 0;
    for (u32 page = 0; page < PAGES; page++)
      for (u32 offset = 0x100; offset < 0x120; offset += 4) {
        probe_user(load_word, SHARED + (page << 12) + offset, 0);
        sum = sum * 31 + probe_result.value;
      }
    print("%w%c", sum, i % 8 == 7 ? '\n' : ' ');
  }
}

int main(void) {
  low_table = (u32)new_table(1024);
  u32 vectors = new_frame();
  write_vectors((word *)vectors, 1);
  *(word *)low_table = SMALL(vectors, AP4(1));
  create(&processes[0]);
  mmu_on(processes[0].root, 0);
  set_domain(DOMAIN, CLIENT);
  exception_hook = hook;
  one_by_one();
  refused();
  many();
  print("DONE\n");
  return 0;
}
