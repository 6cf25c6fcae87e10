/*
 * Faults: what the processor could not do, and what the kernel makes of it.
 *
 * A page fault of a program may be an order: fill the page in, or copy it (paging.c). Every other fault of a program
 * ends the program. In the kernel, an instruction that is allowed to fail has an entry in __fixups; any other failure
 * is a panic.
 */
#include "cpu.h"
#include "kernel.h"

/* Fault status, bits 3..0 of DFSR and IFSR (ARM DDI 0100I, B4.6.1). */
enum status {
  STATUS_ALIGNMENT = 0x1,
  STATUS_ALIGNMENT_OLD = 0x3,
  STATUS_DEBUG = 0x2,
  STATUS_TRANSLATION_SECTION = 0x5,
  STATUS_TRANSLATION_PAGE = 0x7,
  STATUS_PERMISSION_SECTION = 0xd,
  STATUS_PERMISSION_PAGE = 0xf,
};
#define STATUS_MASK 0xf

struct fixup {
  u32 instruction;
  u32 go_on_at;
};
extern const struct fixup fixups_start[], fixups_end[];

u32 faults_by_kind[FAULT_OTHER + 1];

static const char *const fault_names[FAULT_OTHER + 1] = {
    [FAULT_ALIGNMENT] = "alignment",         [FAULT_NO_PAGE] = "no page",
    [FAULT_PERMISSION] = "no permission",    [FAULT_BREAKPOINT] = "breakpoint",
    [FAULT_UNDEFINED] = "undefined instruction", [FAULT_OTHER] = "other",
};

void describe_fault(int kind, char *text, u32 room) {
  copy_text(text, kind >= 1 && kind <= FAULT_OTHER ? fault_names[kind] : "none", room);
}

static int from_user(const struct trap_frame *frame) { return (frame->cpsr & MODE_MASK) == MODE_USR; }

static enum fault kind_of(u32 status) {
  switch (status & STATUS_MASK) {
    case STATUS_ALIGNMENT:
    case STATUS_ALIGNMENT_OLD:
      return FAULT_ALIGNMENT;
    case STATUS_DEBUG:
      return FAULT_BREAKPOINT;
    case STATUS_TRANSLATION_SECTION:
    case STATUS_TRANSLATION_PAGE:
      return FAULT_NO_PAGE;
    case STATUS_PERMISSION_SECTION:
    case STATUS_PERMISSION_PAGE:
      return FAULT_PERMISSION;
    default:
      return FAULT_OTHER;
  }
}

/* Where the kernel goes on when the instruction at an address fails; 0 when it must not fail. */
static u32 fixup_of(u32 instruction) {
  for (const struct fixup *f = fixups_start; f < fixups_end; f++) {
    if (f->instruction == instruction) return f->go_on_at;
  }
  return 0;
}

/* A failure in the kernel that nothing else could help: goes on at the instruction's fixup. */
static void fix_up(struct trap_frame *frame, const char *what) {
  u32 go_on_at = fixup_of(frame->pc);
  if (!go_on_at) panic(what, frame);
  frame->pc = go_on_at;
}

/* The end of a program that did what it must not. */
static void end_program(struct trap_frame *frame, enum fault kind, const char *what, u32 detail) {
  faults_by_kind[kind]++;
  print("[%d %s: %s at %08x, ", current->pid, current->name, fault_names[kind], frame->pc);
  print("%s %08x: killed]\n", what, detail);
  task_exit(STATUS_FAULT | kind);
}

void handle_data_abort(struct trap_frame *frame) {
  u32 status = read_dfsr();
  u32 address = read_far();
  enum fault kind = kind_of(status);
  int may_fault = from_user(frame) || fixup_of(frame->pc);
  if (may_fault && (kind == FAULT_NO_PAGE || kind == FAULT_PERMISSION)) {
    u32 copied = memory_counts.copied_pages;
    if (page_in(current, address, kind == FAULT_NO_PAGE)) {
      if (!from_user(frame)) memory_counts.kernel_copies += memory_counts.copied_pages - copied;
      return;
    }
  }
  if (from_user(frame)) end_program(frame, kind, "address", address);
  fix_up(frame, "data abort in the kernel");
}

void handle_prefetch_abort(struct trap_frame *frame) {
  if (!from_user(frame)) panic("prefetch abort in the kernel", frame);
  end_program(frame, kind_of(read_ifsr()), "return to", frame->lr);
}

void handle_undefined(struct trap_frame *frame) {
  if (from_user(frame)) {
    u32 word = 0;
    get_user(&word, (const u32 *)frame->pc);
    end_program(frame, FAULT_UNDEFINED, "word", word);
  }
  fix_up(frame, "undefined instruction in the kernel");
}
