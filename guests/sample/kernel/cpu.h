/*
 * Instructions that C has no words for (ARM DDI 0100I; cp15: ARM DDI 0198E, chapter 2).
 */
#ifndef CPU_H
#define CPU_H

#include "abi.h"
#include "layout.h"

#define READ_CP15(name, registers)                                    \
  static inline u32 read_##name(void) {                               \
    u32 value;                                                        \
    __asm__ volatile("mrc p15, 0, %0, " registers : "=r"(value));     \
    return value;                                                     \
  }

#define WRITE_CP15(name, registers)                                   \
  static inline void write_##name(u32 value) {                        \
    __asm__ volatile("mcr p15, 0, %0, " registers ::"r"(value) : "memory"); \
  }

READ_CP15(midr, "c0, c0, 0")
READ_CP15(cache_type, "c0, c0, 1")
READ_CP15(sctlr, "c1, c0, 0")
WRITE_CP15(sctlr, "c1, c0, 0")
READ_CP15(ttbr0, "c2, c0, 0")
WRITE_CP15(ttbr0, "c2, c0, 0")
READ_CP15(dacr, "c3, c0, 0")
READ_CP15(dfsr, "c5, c0, 0")
READ_CP15(ifsr, "c5, c0, 1")
READ_CP15(far, "c6, c0, 0")
READ_CP15(context_id, "c13, c0, 1")
WRITE_CP15(context_id, "c13, c0, 1")
WRITE_CP15(drain_write_buffer, "c7, c10, 4")
WRITE_CP15(invalidate_instruction_cache, "c7, c5, 0")
WRITE_CP15(wait_for_interrupt, "c7, c0, 4")
WRITE_CP15(invalidate_tlb, "c8, c7, 0")
WRITE_CP15(invalidate_tlb_entry, "c8, c7, 1")

static inline u32 read_cpsr(void) {
  u32 value;
  __asm__ volatile("mrs %0, cpsr" : "=r"(value));
  return value;
}

static inline void enable_interrupts(void) {
  __asm__ volatile("msr cpsr_c, %0" ::"I"(MODE_SVC) : "memory");
}

/* Masks IRQs; what it returns puts them back as they were. */
static inline u32 mask_interrupts(void) {
  u32 before = read_cpsr();
  __asm__ volatile("msr cpsr_c, %0" ::"r"(before | PSR_I) : "memory");
  return before;
}

static inline void restore_interrupts(u32 before) {
  __asm__ volatile("msr cpsr_c, %0" ::"r"(before) : "memory");
}

#endif
