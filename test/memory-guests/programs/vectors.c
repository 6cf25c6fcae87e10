/*
 * Low and high vectors, and the pages around them: mapped by every kind of entry, read, written, executed and rewritten
 * while in use, one and both at a time. A hypervisor with vectors of its own in these pages must get out of the way.
 */
#include "guest.h"

enum { K_SECTION, K_LARGE, K_SMALL, K_TINY, K_FINE_SMALL, K_FINE_LARGE, KINDS };
static const char *const kind_names[KINDS] = {
    "section", "large pages", "small pages", "tiny pages", "small pages, fine table", "large pages, fine table"};

/* What the first and the last megabyte are mapped to. The second block of the last one is for mapping it anew. */
#define LOW_BLOCK 0x00a00000u
#define HIGH_BLOCK 0x00b00000u
#define LOW 0x00000000u
#define HIGH 0xffff0000u
#define HIGH_FRAME (HIGH_BLOCK + 0xf0000u)
#define NOWHERE 0x60000000u
#define DOMAIN 5u

/* Offsets into each page, below the end of a tiny page. */
enum { DATA = 0x200, CODE = 0x300, PIECE = 0x340 };
#define SVC_0 0xef000000u
#define UNDEFINED_WORD 0xe7f000f0u

static word *root;
/* Tables for each megabyte and kind: 0 low, 1 high. */
static word *tables[2][KINDS];

static void map(u32 high, u32 kind, u32 ap) {
  u32 block = high ? HIGH_BLOCK : LOW_BLOCK;
  word *entry = &root[high ? 0xfff : 0], *table = tables[high][kind];
  if (kind == K_SECTION) {
    *entry = SECTION(block, ap, DOMAIN);
  } else if (kind == K_LARGE || kind == K_SMALL) {
    for (u32 page = 0; page < 256; page++)
      table[page] = kind == K_SMALL ? SMALL(block + (page << 12), AP4(ap)) : LARGE(block + (page >> 4 << 16), AP4(ap));
    *entry = COARSE(table, DOMAIN);
  } else {
    for (u32 i = 0; i < 1024; i++)
      table[i] = kind == K_TINY         ? TINY(block + (i << 10), ap)
                 : kind == K_FINE_SMALL ? SMALL(block + (i >> 2 << 12), AP4(ap))
                                        : LARGE(block + (i >> 6 << 16), AP4(ap));
    *entry = FINE(table, DOMAIN);
  }
  flush();
}

static void unmap(u32 high) {
  root[high ? 0xfff : 0] = 0;
  flush();
}

static void high_vectors(int on) {
  u32 sctlr = get_sctlr();
  set_sctlr(on ? sctlr | SCTLR_V : sctlr & ~(u32)SCTLR_V);
}

static void tag(const char *name, u32 kind) {
  print(" %s", name);
  if ((probe_result.what & 255) == kind) print(" %u", probe_result.what >> 8);
  else print(" WRONG %x", probe_result.what);
}

/* Every exception there is with the MMU on, by the tag of the vectors that were executed. */
static void exceptions(const char *label) {
  print("%s: vectors", label);
  probe_kernel(kernel_undefined, 0, 0);
  tag("undefined", UNDEFINED);
  probe_user(kernel_undefined, 0, 0);
  tag("user undefined", UNDEFINED);
  probe_user(load_word, TABLES, 0);
  tag("svc", SVC);
  if (get_sctlr() & SCTLR_M) {
    probe_kernel(load_word, NOWHERE, 0);
    tag("data", DATA_ABORT);
    probe_user(store_word, NOWHERE, 1);
    tag("user data", DATA_ABORT);
    probe_kernel((void *)NOWHERE, 0, 0);
    tag("prefetch", PREFETCH_ABORT);
    probe_user((void *)NOWHERE, 0, 0);
    tag("user prefetch", PREFETCH_ABORT);
  }
  print("\n");
}

static void one(const char *name, int as_user, const void *function, u32 a, u32 b) {
  clear_faults();
  if (as_user) probe_user(function, a, b);
  else probe_kernel(function, a, b);
  print(" %s=", name);
  print_short();
}

/* Every access to a page, and code in it, rewritten between two runs. */
static void touch(u32 page) {
  static u32 number;
  number++;
  print("  page %w:", page);
  one("kw", 0, store_word, page + DATA, number << 8);
  one("kr", 0, load_word, page + DATA, 0);
  one("tw", 0, kernel_store_user, page + DATA + 4, number << 8 | 1);
  one("tr", 0, kernel_load_user, page + DATA + 4, 0);
  one("uw", 1, store_word, page + DATA, number << 8 | 2);
  one("ur", 1, load_word, page + DATA, 0);
  one("kr", 0, load_word, page + DATA, 0);
  one("code", 0, store_word, page + CODE, MOV_R0(number & 127));
  one("code", 0, store_word, page + CODE + 4, BX_LR);
  code_written();
  one("kx", 0, (void *)(page + CODE), 0, 0);
  one("ux", 1, (void *)(page + CODE), 0, 0);
  one("rewrite", 0, store_word, page + CODE, MOV_R0((number & 127) + 128));
  code_written();
  one("kx", 0, (void *)(page + CODE), 0, 0);
  one("ux", 1, (void *)(page + CODE), 0, 0);
  print("\n");
}

static void touch_pages(u32 high) {
  static const u32 low_pages[] = {0x0000, 0x1000, 0x2000, 0x3000, 0xff000};
  static const u32 high_pages[] = {0xffff0000, 0xffff1000, 0xffff2000, 0xffff3000, 0xfffef000, 0xfffff000, 0xfff00000};
  for (u32 i = 0; i < (high ? 7u : 5u); i++) touch(high ? high_pages[i] : low_pages[i]);
}

static void off(void) {
  print("MMU off\n");
  write_vectors((word *)LOW, 1);
  exceptions(" first vectors");
  write_vectors((word *)LOW, 2);
  exceptions(" rewritten");
}

/* One of the two megabytes in use, the other one unmapped. */
static void single(u32 high) {
  u32 base = high ? HIGH : LOW;
  word *physical = (word *)(high ? HIGH_FRAME : LOW_BLOCK);
  for (u32 kind = 0; kind < KINDS; kind++)
    for (u32 ap = 1; ap < 4; ap++) {
      print("%s vectors, %s, AP %u\n", high ? "high" : "low", kind_names[kind], ap);
      write_vectors(physical, 1);
      map(high, kind, ap);
      high_vectors((int)high);
      unmap(!high);
      exceptions(" written by their physical address");
      touch_pages(high);
      write_vectors((word *)base, 2);
      exceptions(" rewritten where they are");
      write_vectors(physical, 3);
      exceptions(" rewritten by another address");
      one(" read of the other page", 0, load_word, (high ? LOW : HIGH) + DATA, 0);
      one("by the user", 1, load_word, (high ? LOW : HIGH) + DATA, 0);
      one("jump to it", 1, (void *)((high ? LOW : HIGH) + CODE), 0, 0);
      print("\n");
      /* Ready for the other megabyte's turn. */
      map(!high, K_SECTION, 1);
    }
}

/* Both pages mapped and changed, whichever is in use. */
static void both(void) {
  for (u32 low_kind = 0; low_kind < KINDS; low_kind++)
    for (u32 high_kind = 0; high_kind < KINDS; high_kind++) {
      print("low %s, high %s\n", kind_names[low_kind], kind_names[high_kind]);
      map(0, low_kind, 3);
      map(1, high_kind, 2);
      write_vectors((word *)LOW, 1);
      write_vectors((word *)HIGH, 2);
      for (int turn = 0; turn < 2; turn++) {
        high_vectors(0);
        exceptions(" V=0");
        touch(HIGH);
        touch(HIGH + 0x1000);
        write_vectors((word *)HIGH, 3 + (u32)turn);
        high_vectors(1);
        exceptions(" V=1");
        touch(LOW);
        touch(LOW + 0x1000);
        write_vectors((word *)LOW, 4 - (u32)turn);
      }
    }
}

/* The entries of 0xffff0000 and 0xffff1000 changed while the first is in use. */
static void remapped(void) {
  word *table = tables[1][K_SMALL];
  u32 frame = new_frame(), other = new_frame();
  map(1, K_SMALL, 3);
  map(0, K_SMALL, 3);
  write_vectors((word *)HIGH_FRAME, 1);
  write_vectors((word *)frame, 3);
  write_vectors((word *)other, 4);
  high_vectors(1);
  exceptions("before");
  table[0xf0] = SMALL(frame, AP4(2));
  flush_page(HIGH);
  exceptions("another frame");
  table[0xf1] = SMALL(frame, AP4(3));
  flush_page(HIGH + 0x1000);
  write_vectors((word *)(HIGH + 0x1000), 2);
  exceptions("rewritten by the next page, which is the same frame");
  tables[0][K_SMALL][0] = SMALL(frame, AP4(3));
  flush_page(LOW);
  write_vectors((word *)LOW, 1);
  exceptions("rewritten by page 0, which is the same frame");
  high_vectors(0);
  exceptions("the same frame, V=0");
  table[0xf0] = 0;
  flush_page(HIGH);
  touch(HIGH);
  table[0xf0] = LARGE(HIGH_FRAME, AP4(1));
  flush_page(HIGH);
  touch(HIGH);
  high_vectors(1);
  exceptions("a large page in place of a small one");
  for (u32 i = 0xf0; i < 0x100; i++) table[i] = SMALL(i & 1 ? other : frame, AP4(2));
  flush();
  exceptions("two frames in turn");
  touch(HIGH + 0x1000);
  touch(HIGH + 0x2000);
  /* Its second-level table in the page of the vectors. */
  word *inside = (word *)(HIGH_FRAME + 0x400);
  for (u32 i = 0; i < 256; i++) inside[i] = table[i];
  write_vectors((word *)HIGH_FRAME, 2);
  inside[0xf0] = SMALL(HIGH_FRAME, AP4(2));
  root[0xfff] = COARSE(inside, DOMAIN);
  flush();
  exceptions("vectors beside their own table");
  kernel("write of an entry by its own page", store_word, HIGH + 0x400 + 0xf2 * 4, SMALL(HIGH_FRAME, AP4(3)));
  flush();
  touch(HIGH + 0x2000);
  write_vectors((word *)(HIGH + 0x2000), 3);
  exceptions("rewritten by the page that it mapped");
}

/* Vectors as Linux has them: the address of the SVC handler in the next page, and handlers there. */
static void two_pages(void) {
  for (u32 kind = 0; kind < KINDS; kind++) {
    word *vectors = (word *)HIGH_FRAME, *stubs = (word *)(HIGH_FRAME + 0x1000);
    print("vectors and stubs, %s\n", kind_names[kind]);
    map(1, kind, 1);
    high_vectors(1);
    write_vectors(vectors, 1);
    vectors[2] = 0xe59ffff0; /* ldr pc, [pc, #0xff0]: the word at 0xffff1000 */
    stubs[0] = handlers[1][2];
    for (u32 i = 1; i < 5; i++) {
      if (i != 2) vectors[i] = 0xea000000 | ((0x1000 + 16 * i - 4 * i - 8) >> 2); /* b to its stub */
      stubs[4 * i] = 0xe51ff004; /* ldr pc, [pc, #-4] */
      stubs[4 * i + 1] = handlers[2][i];
    }
    code_written();
    exceptions(" in place");
    stubs[0] = handlers[3][2];
    stubs[4 * UNDEFINED + 1] = handlers[3][UNDEFINED];
    stubs[4 * DATA_ABORT] = 0xe59ff000; /* ldr pc, [pc]: one word later */
    stubs[4 * DATA_ABORT + 2] = handlers[0][DATA_ABORT];
    code_written();
    exceptions(" stubs rewritten");
  }
}

/* Code and data across the ends of these pages. */
static void straddle(void) {
  static const u32 ends[] = {0x1000, 0x2000, 0xffff0000, 0xffff1000, 0xffff2000, 0xfffff000};
  map(0, K_SMALL, 3);
  map(1, K_SMALL, 3);
  for (int v = 0; v < 2; v++) {
    print("across the ends of pages, V=%u\n", (u32)v);
    write_vectors((word *)(v ? HIGH : LOW), 1);
    high_vectors(v);
    for (u32 i = 0; i < 6; i++) {
      /* The code would replace the vectors in use. */
      if (v && ends[i] == HIGH) continue;
      word *table = tables[i >= 2][K_SMALL];
      u32 page = ends[i] >> 12 & 255, kept = table[page];
      print("  %w:", ends[i]);
      copy_code((word *)(ends[i] - 8), piece_slide, piece_slide_end);
      one("kx", 0, (void *)(ends[i] - 8), 0, 0);
      one("ux", 1, (void *)(ends[i] - 8), 0, 0);
      copy_code((word *)(ends[i] - 8), piece_add, piece_add_end);
      one("ux", 1, (void *)(ends[i] - 8), 0, 0);
      one("stm", 1, store_four, ends[i] - 8, 0x40 + i);
      one("ldm", 0, load_two, ends[i] - 4, 0);
      table[page] = SMALL(kept & 0xfffff000, AP4(2));
      flush_page(ends[i]);
      one("stm into AP 10", 1, store_four, ends[i] - 8, 0x50 + i);
      one("ldm", 1, load_two, ends[i] - 4, 0);
      table[page] = 0;
      flush_page(ends[i]);
      one("stm into nothing", 0, store_four, ends[i] - 8, 0x60 + i);
      copy_code((word *)(ends[i] - 8), piece_slide, (const u32 *)piece_slide + 2);
      one("kx", 0, (void *)(ends[i] - 8), 0, 0);
      one("ux", 1, (void *)(ends[i] - 8), 0, 0);
      table[page] = kept;
      flush_page(ends[i]);
      print("\n");
    }
  }
}

/* User code in these pages: what it executes and what its exceptions return to. */
static void user_code(void) {
  static const u32 pages[] = {0xffff0000, 0xffff1000, 0xffff2000, 0x0000, 0x1000};
  map(0, K_SMALL, 2);
  map(1, K_SMALL, 2);
  write_vectors((word *)LOW, 1);
  write_vectors((word *)HIGH, 2);
  for (int v = 0; v < 2; v++) {
    high_vectors(v);
    for (u32 i = 0; i < 5; i++) {
      word *at = (word *)(pages[i] + PIECE);
      print("user code at %w, V=%u\n", (u32)at, (u32)v);
      at[0] = SVC_0;
      at[1] = UNDEFINED_WORD;
      code_written();
      user("  svc", (void *)at, pages[i], 0);
      print("  returns to %w\n", probe_result.lr);
      user("  undefined", (void *)(at + 1), 0, 0);
      copy_code(at, load_word, store_word);
      user("  load from the vectors", (void *)at, HIGH, 0);
      user("  load from nowhere", (void *)at, NOWHERE, 0);
      copy_code(at, store_word, load_half);
      user("  store into its own page", (void *)at, pages[i] + DATA, 1);
      kernel("  kernel store by it", (void *)at, pages[i] + DATA, 0x70 + i);
      kernel("  kernel load", load_word, pages[i] + DATA, 0);
    }
  }
}

/* Pages mapped when they are touched. */
static u32 mapped_on_demand;
static int demand(Exception *exception, Frame *frame) {
  u32 kind = exception->what & 255;
  u32 va = kind == PREFETCH_ABORT ? exception->lr - 4 : exception->far;
  u32 status = kind == PREFETCH_ABORT ? exception->ifsr : exception->dfsr;
  if ((kind != PREFETCH_ABORT && kind != DATA_ABORT) || (status & 15) != 7) return 0;
  u32 high = va >= 0xfff00000;
  tables[high][K_SMALL][va >> 12 & 255] = SMALL((high ? HIGH_BLOCK : LOW_BLOCK) + (va & 0xff000), AP4(3));
  flush_page(va);
  mapped_on_demand++;
  frame->pc = exception->lr - (kind == PREFETCH_ABORT ? 4 : 8);
  return 1;
}

static void on_demand(void) {
  for (int v = 0; v < 2; v++) {
    u32 other = v ? LOW : HIGH;
    word *table = tables[!v][K_SMALL];
    map(0, K_SMALL, 2);
    map(1, K_SMALL, 2);
    write_vectors((word *)(v ? HIGH : LOW), 1);
    write_vectors((word *)other, 2);
    high_vectors(v);
    print("on demand, V=%u\n", (u32)v);
    for (u32 page = 0; page < 3; page++) {
      u32 at = other + (page << 12), index = at >> 12 & 255;
      *(word *)(at + CODE) = MOV_R0(page + 1);
      *(word *)(at + CODE + 4) = BX_LR;
      code_written();
      exception_hook = demand;
      for (u32 access = 0; access < 6; access++) {
        table[index] = 0;
        flush_page(at);
        mapped_on_demand = 0;
        switch (access) {
          case 0: one("ur", 1, load_word, at + CODE, 0); break;
          case 1: one("kr", 0, load_word, at + CODE, 0); break;
          case 2: one("uw", 1, store_word, at + DATA, access); break;
          case 3: one("tw", 0, kernel_store_user, at + DATA, access); break;
          case 4: one("ux", 1, (void *)(at + CODE), 0, 0); break;
          case 5: one("kx", 0, (void *)(at + CODE), 0, 0); break;
        }
        print(" (%u)", mapped_on_demand);
      }
      exception_hook = 0;
      print("\n");
    }
    high_vectors(!v);
    exceptions(" the vectors that were mapped so");
  }
}

int main(void) {
  off();
  root = new_root();
  for (u32 high = 0; high < 2; high++)
    for (u32 kind = 0; kind < KINDS; kind++) tables[high][kind] = (word *)new_table(4096);
  map(0, K_SECTION, 1);
  write_vectors((word *)LOW_BLOCK, 1);
  mmu_on(root, 0);
  set_domain(DOMAIN, CLIENT);
  single(0);
  single(1);
  both();
  remapped();
  two_pages();
  straddle();
  user_code();
  on_demand();
  print("DONE\n");
  return 0;
}
