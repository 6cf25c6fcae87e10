/* S and R bits, domain types and access permissions, for every kind of mapping and of access; then priorities. */
#include "guest.h"

enum { KINDS = 4 };
static const char *const kind_names[KINDS] = {"section", "large", "small", "tiny"};
static const char *const type_names[4] = {"none", "client", "reserved", "manager"};

/* Offsets into each mapping: a word of data, and code that returns. */
enum { DATA = 0x500, CODE = 0x504 };
#define DATA_WORD 0x1234abcdu
#define WINDOW 0x50000000u

static word *root;

static u32 window(u32 kind, u32 ap) {
  return WINDOW + (kind << 24) + (ap << 20);
}

/* Its number appears in the status, so it differs from mapping to mapping. Domain 0 is the program's own. */
static u32 domain_of(u32 kind, u32 ap) {
  return 1 + (kind * 4 + ap) % 15;
}

static u32 frame_of(u32 kind) {
  return 0x00a00000 + (kind << 20);
}

static void map(u32 kind, u32 ap) {
  u32 domain = domain_of(kind, ap), frame = frame_of(kind), *table;
  word *entry = &root[window(kind, ap) >> 20];
  switch (kind) {
    case 0: *entry = SECTION(frame, ap, domain); return;
    case 1:
      table = new_table(1024);
      for (u32 i = 0; i < 16; i++) table[i] = LARGE(frame, AP4(ap));
      break;
    case 2:
      table = new_table(1024);
      table[0] = SMALL(frame, AP4(ap));
      break;
    default:
      table = new_table(4096);
      for (u32 i = 0; i < 4; i++) table[i] = TINY(frame + i * 1024, ap);
      *entry = FINE(table, domain);
      return;
  }
  *entry = COARSE(table, domain);
}

/* One access of the matrix: "ok", or the status and address of its abort. A store that is refused must not store. */
static void check(const char *name, int as_user, const void *function, u32 address, u32 kind) {
  word *physical = (word *)(frame_of(kind) + DATA);
  int stores = name[1] == 'w';
  u32 value = stores ? ~DATA_WORD : 0;
  *physical = DATA_WORD;
  clear_faults();
  if (as_user) probe_user(function, address, value);
  else probe_kernel(function, address, value);
  print(" %s=", name);
  switch (probe_result.what & 255) {
    case SVC:
    case 0:
      print(stores ? *physical == ~DATA_WORD ? "ok" : "LOST"
            : function == (void *)address || probe_result.value == DATA_WORD ? "ok" : "WRONG");
      return;
    default: print_short();
  }
  if (*physical != DATA_WORD) print("STORED");
}

static void matrix(u32 s_and_r, u32 type) {
  set_sctlr((get_sctlr() & ~(u32)(SCTLR_S | SCTLR_R)) | s_and_r << 8);
  set_dacr(CLIENT | type * 0x55555554u);
  for (u32 kind = 0; kind < KINDS; kind++)
    for (u32 ap = 0; ap < 4; ap++) {
      u32 data = window(kind, ap) + DATA, code = window(kind, ap) + CODE;
      print("S=%u R=%u %s %s AP=%u domain=%u at %w:", s_and_r & 1, s_and_r >> 1, type_names[type], kind_names[kind], ap,
            domain_of(kind, ap), data);
      check("kr", 0, load_word, data, kind);
      check("kw", 0, store_word, data, kind);
      check("tr", 0, kernel_load_user, data, kind);
      check("tw", 0, kernel_store_user, data, kind);
      check("ur", 1, load_word, data, kind);
      check("uw", 1, store_word, data, kind);
      check("kx", 0, (void *)code, code, kind);
      check("ux", 1, (void *)code, code, kind);
      print("\n");
    }
}

/* The order of the checks: alignment, translation, domain, permission (ARM DDI 0198E, 3.5). */
static void priorities(void) {
  u32 readable = window(2, 2) + DATA, refused = window(2, 0) + DATA, section_refused = window(0, 0) + DATA;
  u32 no_section = WINDOW + 0x0f000000 + 0x120, no_page = window(2, 3) + 0x5000 + 0x120;
  u32 no_tiny = window(3, 3) + 0x5000 + 0x120;
  root[(no_section >> 20) + 1] = 0x1e0;
  for (u32 type = NO_ACCESS; type <= CLIENT; type++)
    for (u32 aligned = 0; aligned < 2; aligned++) {
      set_dacr(CLIENT | type * 0x55555554u);
      set_sctlr((get_sctlr() & ~(u32)(SCTLR_S | SCTLR_R)) | SCTLR_A);
      u32 odd = aligned ? 0 : 2;
      print("priority, domains %s, %s\n", type_names[type], aligned ? "aligned" : "unaligned");
      user("  user load where no section is", load_word, no_section + odd, 0);
      user("  user load where no section is, domain field 15", load_word, no_section + 0x100000 + odd, 0);
      user("  user load where no page is", load_word, no_page + odd, 0);
      user("  user load where no tiny page is", load_word, no_tiny + odd, 0);
      user("  user load without right (page)", load_word, refused + odd, 0);
      user("  user load without right (section)", load_word, section_refused + odd, 0);
      user("  user store without right", store_word, readable + odd, 1);
      kernel("  kernel LDRT without right", kernel_load_user, refused + odd, 0);
      kernel("  kernel STRT without right", kernel_store_user, readable + odd, 1);
      kernel("  kernel load where no page is", load_word, no_page + odd, 0);
      kernel("  kernel store where no section is", store_word, no_section + odd, 1);
    }
  set_dacr(0x55555555);
  user("halfword at 1, A=1", load_half, readable + 1, 0);
  user("halfword store at 3, A=1", store_half, readable + 3, 0);
  user("halfword at 2, A=1", load_half, readable + 2, 0);
  user("byte at 3, A=1", load_byte, readable + 3, 0);
  user("LDM at 2, A=1", load_two, readable + 2, 0);
  user("SWP at 2, A=1, no write right", swap_word, readable + 2, 0);
  kernel("kernel STM at 1, A=1", store_four, readable + 1, 7);
  set_sctlr(get_sctlr() & ~(u32)SCTLR_A);
}

/* Faults of instructions with more than one access: status, address, and what was stored before. */
static void multiples(void) {
  word *table = (word *)new_table(1024);
  u32 base = WINDOW + 0x0e000000, a = new_frame(), b = new_frame();
  root[base >> 20] = COARSE(table, 1);
  set_dacr(0x55555555);
  table[0] = SMALL(a, AP4(3));
  static const struct {
    const char *name;
    u32 second;
  } cases[] = {{"nothing", 0}, {"a page of AP 00", 1}, {"a page of AP 10", 2}, {"a page of AP 11", 3}};
  for (u32 i = 0; i < 4; i++) {
    table[1] = i ? SMALL(b, AP4(i == 1 ? 0u : i)) : 0;
    flush();
    ((word *)a)[1022] = 10;
    ((word *)a)[1023] = 11;
    ((word *)b)[0] = 20;
    print("into %s\n", cases[i].name);
    user("  user LDM of two words", load_two, base + 0xffc, 0);
    user("  user STM of four words", store_four, base + 0xff8, 100);
    print("  words now %u %u %u\n", ((word *)a)[1022], ((word *)a)[1023], ((word *)b)[0]);
    kernel("  kernel STM of four words", store_four, base + 0xff8, 200);
    print("  words now %u %u %u\n", ((word *)a)[1022], ((word *)a)[1023], ((word *)b)[0]);
    user("  user SWP", swap_word, base + 0x1000, 30);
    kernel("  kernel SWP", swap_word, base + 0x1000, 40);
    print("  word now %u\n", ((word *)b)[0]);
  }
}

int main(void) {
  root = new_root();
  root[0] = COARSE(new_table(1024), 0);
  u32 vectors = new_frame();
  write_vectors((word *)vectors, 1);
  *(word *)(root[0] & 0xfffffc00) = SMALL(vectors, AP4(1));
  for (u32 kind = 0; kind < KINDS; kind++) {
    *(word *)(frame_of(kind) + CODE) = BX_LR;
    for (u32 ap = 0; ap < 4; ap++) map(kind, ap);
  }
  code_written();
  mmu_on(root, 0);
  for (u32 s_and_r = 0; s_and_r < 4; s_and_r++)
    for (u32 type = NO_ACCESS; type <= MANAGER; type++) matrix(s_and_r, type);
  priorities();
  multiples();
  print("DONE\n");
  return 0;
}
