/*
 * The life of page tables: filled on demand, built ahead, edited in use, shared, turned into data, mapping themselves,
 * many in turn; process numbers, domains, S and R, the MMU off and on; sub-pages. Lines that begin with "unflushed" say
 * what is found after an entry was changed and before the TLB was told: the architecture leaves it open.
 */
#include "guest.h"

#define WINDOW 0x40000000u
enum { ROOTS = 40, DEMAND_PAGES = 24 };

static word *root;
static word *low_table;

static word *new_coarse(void) {
  return (word *)new_table(1024);
}

static word *root_with_vectors(void) {
  word *made = new_root();
  made[0] = COARSE(low_table, 0);
  return made;
}

/* A frame whose words say which one it is. */
static u32 marked_frame(u32 mark) {
  u32 frame = new_frame();
  for (u32 i = 0; i < 1024; i++) ((word *)frame)[i] = mark << 16 | i;
  return frame;
}

static void one(const char *name, int as_user, const void *function, u32 a, u32 b) {
  clear_faults();
  if (as_user) probe_user(function, a, b);
  else probe_kernel(function, a, b);
  print(" %s=", name);
  print_short();
}

static u32 load(u32 address) {
  clear_faults();
  probe_user(load_word, address, 0);
  return probe_result.value;
}

static void all(const char *label, u32 address) {
  print("%s:", label);
  one("kr", 0, load_word, address, 0);
  one("kw", 0, store_word, address + 4, 0x5a);
  one("ur", 1, load_word, address, 0);
  one("uw", 1, store_word, address + 8, 0xa5);
  print("\n");
}

static u32 section_faults, page_faults;
static word *demand_root;
static int demand(Exception *exception, Frame *frame) {
  if ((exception->what & 255) != DATA_ABORT) return 0;
  u32 va = exception->far;
  word *entry = &demand_root[va >> 20];
  switch (exception->dfsr & 15) {
    case 5:
      section_faults++;
      *entry = COARSE(new_coarse(), 2);
      break;
    case 7:
      page_faults++;
      ((word *)(*entry & 0xfffffc00))[va >> 12 & 255] = SMALL(marked_frame(page_faults), AP4(3));
      break;
    default: return 0;
  }
  frame->pc = exception->lr - 8;
  return 1;
}

/* Entries that were invalid are made valid without a flush: QEMU's TLB holds none of those. */
static void on_demand(void) {
  u32 sum = 0;
  demand_root = root;
  exception_hook = demand;
  for (u32 i = 0; i < DEMAND_PAGES; i++) {
    u32 at = WINDOW + (i % 3 << 20) + (i << 12) + 4 * i;
    sum += load(at);
    probe_user(store_word, at, i);
    sum += load(at);
    probe_kernel(store_four, WINDOW + (i % 3 << 20) + (i << 12) + 0xff8, i);
  }
  exception_hook = 0;
  print("demand paging: %u section faults, %u page faults, sum %x\n", section_faults, page_faults, sum);
}

static void built_ahead(void) {
  word *other = root_with_vectors(), *table = new_coarse();
  for (u32 i = 0; i < 8; i++) table[i] = SMALL(marked_frame(0x100 + i), AP4(i & 3));
  other[WINDOW >> 20] = COARSE(table, 2);
  other[(WINDOW >> 20) + 1] = SECTION(0x00f00000, 2, 2);
  set_ttbr(other);
  flush();
  for (u32 i = 0; i < 8; i++) all("built ahead", WINDOW + (i << 12));
  all("built ahead, section", WINDOW + 0x100000);
  all("built ahead, nothing", WINDOW + 0x200000);
  set_ttbr(root);
  flush();
  all("the first root again", WINDOW);
}

static void live(void) {
  u32 base = WINDOW + 0x01000000, first = marked_frame(0x201), second = marked_frame(0x202);
  word *table = (word *)new_table(4096), *entry = &root[base >> 20];
  *entry = COARSE(table, 2);
  static const char *const names[] = {"small", "other frame", "AP 10", "AP 01", "AP 00", "none", "large", "small again"};
  const u32 entries[] = {SMALL(first, 0xff),   SMALL(second, 0xff), SMALL(second, AP4(2)),    SMALL(second, AP4(1)),
                         SMALL(second, AP4(0)), 0,                   LARGE(0x00f00000, 0xff), SMALL(first, 0xff)};
  for (u32 i = 0; i < 8; i++) {
    *table = entries[i];
    flush_page(base);
    all(names[i], base);
  }
  for (u32 i = 1; i < 8; i++) {
    *table = entries[i];
    print("unflushed, ");
    all(names[i], base);
    flush_page(base);
    all(names[i], base);
  }
  /* The same megabyte as every kind of first-level entry. */
  const u32 kinds[] = {SECTION(0x00f00000, 3, 2), COARSE(table, 3), FINE(table, 2), SECTION(0x00f00000, 2, 2), 0,
                       COARSE(table, 2)};
  for (u32 i = 0; i < 6; i++) {
    *entry = kinds[i];
    flush();
    print("first-level entry %x, ", kinds[i] & 0xfff);
    all("", base);
  }
  for (u32 i = 0; i < 6; i++) {
    *entry = kinds[i];
    print("unflushed, first-level entry %x, ", kinds[i] & 0xfff);
    all("", base);
  }
  flush();
}

static void shared(void) {
  u32 base = WINDOW + 0x02000000;
  word *page = (word *)new_table(4096), *other = root_with_vectors();
  /* Four second-level tables in one page; the first is used by two megabytes and two roots. */
  for (u32 i = 0; i < 4; i++) {
    page[i * 256 + 5] = SMALL(marked_frame(0x300 + i), AP4(3));
    root[(base >> 20) + i] = COARSE(page + i * 256, 2);
  }
  root[(base >> 20) + 4] = other[(base >> 20) + 7] = COARSE(page, 2);
  other[base >> 20] = COARSE(page, 3);
  for (u32 i = 0; i < 5; i++) print("table %u of the page: %x\n", i, load(base + (i << 20) + 0x5000));
  for (u32 i = 0; i < 4; i++) {
    page[i * 256 + 5] = SMALL(marked_frame(0x310 + i), AP4(3));
    page[i * 256 + 6] = SMALL(marked_frame(0x320 + i), AP4(2));
    flush();
    for (u32 k = 0; k < 5; k++)
      print("entry of table %u changed, table %u: %x %x\n", i, k, load(base + (k << 20) + 0x5000),
            load(base + (k << 20) + 0x6000));
  }
  for (u32 turn = 0; turn < 3; turn++) {
    set_ttbr(turn & 1 ? root : other);
    flush();
    all("by a root", base + 0x5000);
    all("at another megabyte", base + 0x700000 + 0x5000);
    page[5] = SMALL(marked_frame(0x330 + turn), AP4(3));
    flush();
    all("changed", base + 0x5000);
    all("changed", base + 0x700000 + 0x5000);
  }
  set_ttbr(root);
  flush();
}

static void retired(void) {
  u32 base = WINDOW + 0x03000000;
  word *page = (word *)new_table(4096);
  u32 frame = marked_frame(0x400);
  root[base >> 20] = COARSE(page, 2);
  root[(base >> 20) + 1] = COARSE(page + 256, 2);
  page[0] = SMALL(frame, AP4(3));
  page[256] = SMALL((u32)page, AP4(3));
  print("a table: %x %x\n", load(base), load(base + 0x100004));
  /* Its own page is mapped by its second table, for the user too. */
  user("the user changes it", store_word, base + 0x100000 + 4, SMALL(frame, AP4(2)));
  flush();
  all("the page that appeared", base + 0x1000);
  root[base >> 20] = 0;
  flush();
  all("table without a megabyte", base);
  for (u32 i = 0; i < 255; i++) probe_user(store_word, base + 0x100000 + 4 * i, i * 3);
  print("a page of data: %x %x %x\n", page[0], page[7], page[254]);
  page[256] = SMALL(frame, AP4(3));
  flush();
  all("its last entry moved", base + 0x100000);
  root[(base >> 20) + 1] = 0;
  page[0] = SMALL(frame, AP4(1));
  root[(base >> 20) + 2] = COARSE(page, 3);
  flush();
  all("a table again", base + 0x200000);
  /* A root becomes data, and then a second-level table. */
  word *other = root_with_vectors();
  other[base >> 20] = SECTION(0x00f00000, 3, 2);
  set_ttbr(other);
  flush();
  all("another root", base);
  set_ttbr(root);
  flush();
  for (u32 i = 0; i < 4096; i++) other[i] = i;
  print("a root as data: %x\n", other[4095]);
  other[9] = SMALL(frame, AP4(3));
  root[(base >> 20) + 3] = COARSE(other, 2);
  flush();
  all("a root as second level", base + 0x309000);
}

static void mapping_itself(void) {
  u32 base = WINDOW + 0x04000000;
  word *table = (word *)new_table(4096), *view = (word *)base;
  u32 frame = marked_frame(0x500);
  root[base >> 20] = COARSE(table, 2);
  table[0] = SMALL((u32)table, AP4(1));
  view[1] = SMALL(frame, AP4(3));
  all("mapped by itself", base + 0x1000);
  view[2] = SMALL((u32)table, AP4(2));
  kernel("the user's view of the table", load_word, base + 0x2004, 0);
  user("read by the user", load_word, base + 0x2004, 0);
  user("written by the user", store_word, base + 0x2004, 0);
  view[1] = SMALL(frame, AP4(2));
  flush_page(base + 0x1000);
  all("changed through itself", base + 0x1000);
  view[0] = 0;
  flush_page(base);
  kernel("without its own mapping", load_word, base, 0);
  table[0] = SMALL((u32)table, AP4(3));
  kernel("a store of four entries, of which the first is its own", store_four, base, SMALL((u32)table, AP4(1)));
  all("the second one", base + 0x1000);
  /* The first-level table in the range that it maps. */
  word *self = root;
  self[(base >> 20) + 1] = SECTION((u32)root & 0xfff00000, 1, 2);
  word *through = (word *)(base + 0x100000 + ((u32)root & 0xfffff));
  through[(base >> 20) + 2] = SECTION(0x00f00000, 3, 2);
  all("a section made through the root's own section", base + 0x200000);
  through[(base >> 20) + 1] = 0;
  flush();
  kernel("and taken away", load_word, (u32)through, 0);
}

static void many_roots(void) {
  static word *roots[ROOTS];
  u32 base = WINDOW + 0x05000000;
  word *common = new_coarse();
  for (u32 i = 0; i < ROOTS; i++) {
    word *table = new_coarse();
    roots[i] = root_with_vectors();
    roots[i][base >> 20] = COARSE(table, 2);
    roots[i][(base >> 20) + 1] = COARSE(common, 3);
    table[1] = SMALL(marked_frame(0x600 + i), AP4(3));
    table[2] = SMALL(marked_frame(0x700 + i / 4), AP4(2));
  }
  u32 sum = 0, frame = 0;
  for (u32 round = 0; round < 4; round++)
    for (u32 i = 0; i < ROOTS; i++) {
      set_ttbr(roots[i]);
      flush();
      if (i % 10 == round) {
        frame = marked_frame(0x800 + i);
        common[round] = SMALL(frame, AP4(3));
      }
      sum = sum * 33 + load(base + 0x1000 + 4 * round);
      sum = sum * 33 + load(base + 0x2000 + 4 * round);
      probe_user(store_word, base + 0x1000 + 4 * round + 4, load(base + 0x1000) + i);
      for (u32 page = 0; page < 4; page++) sum = sum * 33 + load(base + 0x100000 + (page << 12));
      probe_user(store_word, base + 0x2000, 1);
      sum = sum * 33 + probe_result.dfsr;
    }
  print("%u roots in four rounds: %w\n", ROOTS, sum);
  set_ttbr(root);
  flush();
}

static void process_numbers(void) {
  u32 frames[4];
  for (u32 process = 1; process < 4; process++) {
    word *table = new_coarse();
    frames[process] = marked_frame(0x900 + process);
    table[0] = SMALL(frames[process], AP4(process));
    /* The program itself lies below 32 MB, too, and so do the vectors. */
    for (u32 megabyte = 0; megabyte < RAM_MEGABYTES; megabyte++) root[process * 32 + megabyte] = root[megabyte];
    root[process * 32 + 20] = COARSE(table, 2);
  }
  for (u32 turn = 0; turn < 6; turn++) {
    u32 process = turn % 4;
    set_fcse(process);
    flush();
    print("process %u:", process);
    one("ur", 1, load_word, 20 << 20, 0);
    one("uw", 1, store_word, (20 << 20) + 4, turn);
    one("kr", 0, load_word, 20 << 20, 0);
    one("STRT", 0, kernel_store_user, (20 << 20) + 8, turn);
    one("nothing", 1, load_word, 21 << 20, 0);
    for (u32 i = 1; i < 4; i++) one("full address", 0, load_word, (i << 25) + (20 << 20), 0);
    print("\n");
  }
  set_fcse(2);
  root[2 * 32 + 20] = SECTION(0x00f00000, 2, 2);
  flush();
  all("changed in process 2", 20 << 20);
  /* Changed again while both of its addresses are in use: the first level, and then the second. */
  word *table = new_coarse();
  const u32 entries[] = {SECTION(0x00f00000, 3, 2), COARSE(table, 2), SECTION(0x00f00000, 1, 2), COARSE(table, 2)};
  table[0] = SMALL(frames[1], AP4(3));
  for (u32 i = 0; i < 4; i++) {
    root[2 * 32 + 20] = entries[i];
    flush();
    all("in process 2, another entry", 20 << 20);
    all("its full address", (2 << 25) + (20 << 20));
  }
  for (u32 i = 2; i < 4; i++) {
    table[0] = SMALL(frames[i], AP4(i));
    flush();
    all("in process 2, another page", 20 << 20);
    all("its full address", (2 << 25) + (20 << 20));
  }
  set_fcse(0);
  flush();
  all("no process", 20 << 20);
}

static void domains(void) {
  u32 base = WINDOW + 0x06000000;
  static const u32 types[] = {CLIENT, MANAGER, NO_ACCESS, RESERVED, CLIENT, NO_ACCESS, MANAGER};
  word *table = new_coarse();
  table[0] = SMALL(marked_frame(0xa00), AP4(2));
  for (u32 domain = 0; domain < 16; domain++) {
    root[base >> 20] = COARSE(table, domain);
    root[(base >> 20) + 1] = SECTION(0x00f00000, 1, domain);
    flush();
    for (u32 i = 0; i < 7; i++) {
      /* Domain 0 is the program's own. */
      if (!domain && types[i] != CLIENT && types[i] != MANAGER) continue;
      set_domain(domain, types[i]);
      print("domain %u of type %u", domain, types[i]);
      all(", page", base);
      print("  ");
      all("section", base + 0x100000);
    }
    set_domain(domain, CLIENT);
  }
}

static void control(void) {
  u32 base = WINDOW + 0x07000000;
  word *table = new_coarse();
  for (u32 ap = 0; ap < 4; ap++) table[ap] = SMALL(marked_frame(0xb00 + ap), AP4(ap));
  root[base >> 20] = COARSE(table, 2);
  for (u32 turn = 0; turn < 7; turn++) {
    u32 bits = (turn ^ turn >> 1) & 3;
    set_sctlr((get_sctlr() & ~(u32)(SCTLR_S | SCTLR_R)) | bits << 8);
    print("S=%u R=%u", bits & 1, bits >> 1);
    all("", base);
    all("  AP 01", base + 0x1000);
  }
  set_sctlr(get_sctlr() & ~(u32)(SCTLR_S | SCTLR_R));
  for (u32 context = 0; context < 3; context++) {
    set_context(context * 0x1234567);
    all("another context", base + 0x3000);
  }
  set_context(0);
  for (u32 turn = 0; turn < 4; turn++) {
    mmu_off();
    kernel("MMU off, a page of RAM", load_word, table[3] & 0xfffff000, 0);
    kernel("MMU off, a store", store_word, (table[3] & 0xfffff000) + 0x10, 0xb10 + turn);
    kernel("MMU off, LDRT", kernel_load_user, (table[3] & 0xfffff000) + 0x10, 0);
    user("MMU off, the user", load_word, (table[3] & 0xfffff000) + 0x10, 0);
    table[turn] = SMALL(marked_frame(0xc00 + turn), AP4(3 - turn));
    set_sctlr(get_sctlr() | SCTLR_M);
    flush();
    all("MMU on", base + (turn << 12));
    user("MMU on, the user", load_word, base + 0x3010, 0);
  }
}

/* Each quarter of a page has its own right; a tiny page is a page of its own. */
static void parts(void) {
  u32 base = WINDOW + 0x08000000, frame = marked_frame(0xd00);
  word *coarse = new_coarse(), *fine = (word *)new_table(4096);
  root[base >> 20] = COARSE(coarse, 2);
  root[(base >> 20) + 1] = FINE(fine, 2);
  for (u32 order = 0; order < 3; order++) {
    u32 aps = order == 0 ? 0xe4u : order == 1 ? 0x1bu : 0xb1u;
    coarse[0] = SMALL(frame, aps);
    for (u32 i = 0; i < 16; i++) coarse[16 + i] = LARGE(0x00f00000, aps);
    for (u32 i = 0; i < 4; i++) fine[i] = SMALL(frame, aps);
    for (u32 i = 0; i < 64; i++) fine[64 + i] = LARGE(0x00f00000, aps);
    flush();
    for (u32 quarter = 0; quarter < 4; quarter++) {
      print("quarter %u of AP %u\n", quarter, aps >> quarter * 2 & 3);
      all("  small page", base + quarter * 0x400 + 0x10);
      all("  large page", base + 0x10000 + quarter * 0x4000 + 0x2010);
      all("  small page in a fine table", base + 0x100000 + quarter * 0x400 + 0x10);
      all("  large page in a fine table", base + 0x110000 + quarter * 0x4000 + 0x2010);
    }
    user("LDM across quarters", load_two, base + 0x3fc, 0);
    user("LDM across quarters, large page", load_two, base + 0x13ffc, 0);
    user("STM across quarters", store_four, base + 0x7f8, 0xd1);
  }
  /* Four tiny pages in one page, of four frames and rights; then as tiny and small ones mixed. */
  for (u32 i = 0; i < 4; i++) fine[8 + i] = TINY(marked_frame(0xe00 + i) + (3 - i) * 0x400, i);
  flush();
  for (u32 i = 0; i < 4; i++) all("tiny page", base + 0x102000 + i * 0x400);
  user("LDM across tiny pages", load_two, base + 0x102bfc, 0);
  user("STM across tiny pages", store_four, base + 0x102ff8, 0xd2);
  fine[9] = TINY(frame, 3);
  fine[10] = SMALL(frame, AP4(3));
  fine[11] = 0;
  flush();
  for (u32 i = 0; i < 4; i++) all("mixed", base + 0x102000 + i * 0x400);
  /* Code that runs from one tiny page into another frame's. */
  fine[12] = TINY(frame + 0x400, 3);
  fine[13] = TINY(frame + 0xc00, 2);
  flush();
  copy_code((word *)(frame + 0x7f8), piece_slide, (const u32 *)piece_slide + 2);
  copy_code((word *)(frame + 0xc00), (const u32 *)piece_slide + 4, piece_slide_end);
  kernel("code across tiny pages", (void *)(base + 0x1033f8), 0, 0);
  user("code across tiny pages", (void *)(base + 0x1033f8), 0, 0);
  fine[13] = TINY(frame + 0xc00, 1);
  flush();
  user("code into a tiny page of AP 01", (void *)(base + 0x1033f8), 0, 0);
}

/* Physical addresses at which nothing answers: external aborts by the manual, zeros in QEMU. */
static void nobody(void) {
  u32 base = WINDOW + 0x09000000;
  word *table = new_coarse();
  table[0] = SMALL(0x08000000, AP4(3));
  root[base >> 20] = COARSE(table, 2);
  root[(base >> 20) + 1] = SECTION(0x08000000, 3, 2);
  root[(base >> 20) + 2] = COARSE(0x08000000, 2);
  root[(base >> 20) + 3] = FINE(0x08000000, 3);
  flush();
  kernel("external, page", load_word, base, 0);
  user("external, page", load_word, base, 0);
  kernel("external, section", load_word, base + 0x100000, 0);
  user("external, section", load_word, base + 0x100000, 0);
  kernel("external, coarse table", load_word, base + 0x200000, 0);
  user("external, coarse table", store_word, base + 0x200000, 0);
  kernel("external, fine table", load_word, base + 0x300000, 0);
  user("external, code by a fine table", (void *)(base + 0x300000), 0, 0);
  set_domain(2, NO_ACCESS);
  kernel("external, table of a domain without access", load_word, base + 0x200000, 0);
  kernel("no access, page", load_word, base, 0);
  set_domain(2, CLIENT);
}

int main(void) {
  low_table = new_coarse();
  u32 vectors = new_frame();
  write_vectors((word *)vectors, 1);
  /* For the time when the MMU is off. */
  write_vectors((word *)0, 1);
  low_table[0] = SMALL(vectors, AP4(1));
  root = root_with_vectors();
  for (u32 i = 0; i < 0x4000; i++) ((word *)0x00f00000)[i] = 0xf00000 | i;
  mmu_on(root, 0);
  set_domain(2, CLIENT);
  set_domain(3, MANAGER);
  on_demand();
  built_ahead();
  live();
  shared();
  retired();
  mapping_itself();
  many_roots();
  process_numbers();
  domains();
  set_domain(3, MANAGER);
  control();
  parts();
  nobody();
  print("DONE\n");
  return 0;
}
