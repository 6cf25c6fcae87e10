/*
 * Page tables, and the two things that a page fault can be good for: filling in a page at its first use, and copying
 * a shared page at the first store (copy-on-write).
 *
 * The data cache stays off. The ARM926EJ-S finds data in its cache by virtual address, so that a frame seen at two
 * addresses needs cleaning at each turn; that is a lesson of its own, and not this one. Page tables are thus seen by
 * the MMU as soon as they leave the write buffer.
 */
#include "cpu.h"
#include "kernel.h"

#define LEVEL1_FRAMES (L1_BYTES / FRAME_BYTES)
#define USER_PAGES (USER_END / FRAME_BYTES)
#define COARSE_TABLES (USER_END / SECTION_BYTES)
#define COARSE_BYTES 0x400
#define PAGES_OF_TABLE 256

#define HEAP_START 0x00100000
#define HEAP_LIMIT 0x00300000
#define STACK_START 0x003f0000

struct memory_counts memory_counts;

/* The kernel's first megabyte and its vectors, page by page. */
static u32 kernel_pages[PAGES_OF_TABLE] __attribute__((aligned(COARSE_BYTES)));
static u32 vector_pages[PAGES_OF_TABLE] __attribute__((aligned(COARSE_BYTES)));
extern char vectors[];

static u32 *boot_level1(void) { return at_physical(BOOT_L1); }

static void tables_changed(void) {
  write_drain_write_buffer(0);
  write_invalidate_tlb(0);
}

/*
 * Takes over from boot.S: the kernel's code and constants become read-only, the vectors get their page, and the
 * kernel's second view at address 0 goes.
 */
void paging_init(void) {
  u32 *level1 = boot_level1();
  for (u32 i = 0; i < PAGES_OF_TABLE; i++) {
    u32 page = i * FRAME_BYTES;
    int read_only = page >= physical(kernel_start) && page < physical(read_only_end);
    kernel_pages[i] = page | (read_only ? PAGE_KERNEL_READ : PAGE_KERNEL) | L2_SMALL;
  }
  vector_pages[HIGH_VECTORS / FRAME_BYTES % PAGES_OF_TABLE] = physical(vectors) | PAGE_KERNEL_READ | L2_SMALL;
  level1[KERNEL_BASE / SECTION_BYTES] = physical(kernel_pages) | L1_COARSE;
  level1[HIGH_VECTORS / SECTION_BYTES] = physical(vector_pages) | L1_COARSE;
  level1[0] = 0;
  tables_changed();
}

/* Writes the descriptor of one page of a program. */
static void set_page(struct address_space *space, u32 address, u32 descriptor) {
  space->pages[address / FRAME_BYTES] = descriptor;
  write_drain_write_buffer(0);
  write_invalidate_tlb_entry(address & ~(FRAME_BYTES - 1));
}

/*
 * Maps a part of the kernel's image into a program, read-only: the first store to a writable region copies the page.
 */
static void map_image(struct address_space *space, const struct region *region, const char *image) {
  for (u32 offset = 0; region->start + offset < region->end; offset += FRAME_BYTES) {
    u32 frame = physical(image) + offset;
    frame_share(frame);
    set_page(space, region->start + offset, frame | PAGE_USER_READ | L2_SMALL);
  }
}

static int space_allocate(struct address_space *space) {
  u32 level1 = frame_alloc(LEVEL1_FRAMES);
  u32 pages = level1 ? frame_alloc(1) : 0;
  if (!pages) {
    for (u32 i = 0; level1 && i < LEVEL1_FRAMES; i++) frame_release(level1 + i * FRAME_BYTES);
    return -ENOMEM;
  }
  space->level1 = at_physical(level1);
  space->pages = at_physical(pages);
  memcpy(space->level1, boot_level1(), L1_BYTES);
  for (u32 i = 0; i < COARSE_TABLES; i++) space->level1[i] = (pages + i * COARSE_BYTES) | L1_COARSE;
  return 0;
}

/* The memory of a new program. Returns 0 or -ENOMEM. */
int space_create(struct address_space *space) {
  if (space_allocate(space) < 0) return -ENOMEM;
  struct region *r = space->regions;
  r[REGION_TEXT] = (struct region){"text", (u32)user_text_start, (u32)user_text_end, 0};
  r[REGION_DATA] = (struct region){"data", (u32)user_data_start, (u32)user_data_end, 1};
  r[REGION_HEAP] = (struct region){"heap", HEAP_START, HEAP_START, 1};
  r[REGION_STACK] = (struct region){"stack", STACK_START, USER_END, 1};
  map_image(space, &r[REGION_TEXT], user_text_image);
  map_image(space, &r[REGION_DATA], user_data_image);
  return 0;
}

/* A copy of a program's memory, in which both sides share every page, read-only, until one of them stores. */
int space_fork(struct address_space *to, struct address_space *from) {
  if (space_allocate(to) < 0) return -ENOMEM;
  memcpy(to->regions, from->regions, sizeof to->regions);
  for (u32 i = 0; i < USER_PAGES; i++) {
    u32 descriptor = from->pages[i];
    if (!descriptor) continue;
    descriptor = (descriptor & ~PAGE_PERMISSIONS) | PAGE_USER_READ;
    from->pages[i] = descriptor;
    to->pages[i] = descriptor;
    frame_share(descriptor & ~(FRAME_BYTES - 1));
    memory_counts.shared_pages++;
  }
  tables_changed();
  return 0;
}

/* The space must not be in use. */
void space_destroy(struct address_space *space) {
  if (!space->level1) return;
  for (u32 i = 0; i < USER_PAGES; i++) {
    if (space->pages[i]) frame_release(space->pages[i] & ~(FRAME_BYTES - 1));
  }
  frame_release(physical(space->pages));
  for (u32 i = 0; i < LEVEL1_FRAMES; i++) frame_release(physical(space->level1) + i * FRAME_BYTES);
  space->level1 = 0;
  space->pages = 0;
}

/* Makes a task's memory the current one. CONTEXTIDR has no effect here; a debugger can read the process from it. */
void space_switch(const struct task *task) {
  const u32 *level1 = task->space.level1 ? task->space.level1 : boot_level1();
  write_context_id((u32)task->pid);
  if (read_ttbr0() == physical(level1)) return;
  write_invalidate_instruction_cache(0);
  write_drain_write_buffer(0);
  write_ttbr0(physical(level1));
  write_invalidate_tlb(0);
}

/* Moves the end of the heap; returns the old one, or -ENOMEM. Nothing is mapped before it is used. */
int space_grow(struct address_space *space, int bytes) {
  struct region *heap = &space->regions[REGION_HEAP];
  u32 old = heap->end;
  u32 end = old + (u32)bytes;
  if (bytes < 0 || bytes > HEAP_LIMIT - HEAP_START || end > HEAP_LIMIT) return -ENOMEM;
  heap->end = end;
  return (int)old;
}

static const struct region *region_of(const struct address_space *space, u32 address) {
  for (const struct region *r = space->regions; r < space->regions + REGIONS; r++) {
    if (address >= r->start && address < r->end) return r;
  }
  return 0;
}

/*
 * Handles a page fault of a program, or of the kernel on its behalf. `missing`: there was no page; otherwise its
 * permissions forbade the access, which then was a store, as every page of a program can be read. Returns whether to
 * try again.
 */
int page_in(struct task *task, u32 address, int missing) {
  struct address_space *space = &task->space;
  const struct region *region = space->level1 ? region_of(space, address) : 0;
  if (!region || !region->writable) return 0;
  if (missing) {
    u32 frame = frame_alloc(1);
    if (!frame) return 0;
    set_page(space, address, frame | PAGE_USER | L2_SMALL);
    memory_counts.demand_pages++;
    task->demand_faults++;
    return 1;
  }
  u32 shared = space->pages[address / FRAME_BYTES] & ~(FRAME_BYTES - 1);
  u32 frame = shared;
  if (frame_users(shared) > 1) {
    frame = frame_alloc(1);
    if (!frame) return 0;
    memcpy(at_physical(frame), at_physical(shared), FRAME_BYTES);
    frame_release(shared);
    memory_counts.copied_pages++;
  } else {
    memory_counts.adopted_pages++;
  }
  set_page(space, address, frame | PAGE_USER | L2_SMALL);
  task->copy_faults++;
  return 1;
}
