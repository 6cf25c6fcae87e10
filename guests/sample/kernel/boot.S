/*
 * From the first instruction to C.
 *
 * The loader puts the kernel at physical address 0x8000 and starts it there: SVC mode, interrupts masked, MMU off.
 * It is linked at 0xc0008000, so until the MMU is on only PC-relative addresses are right.
 */
#include "layout.h"

        .syntax unified
        .cfi_sections .debug_frame

        .section .text.boot, "ax"
        .globl  _start
        .type   _start, %function
_start:
        .cfi_startproc
        .cfi_undefined lr               @ nobody called: a debugger's call stack ends here
        mrs     r0, cpsr                @ whatever the loader left: SVC mode, nothing interrupts
        bic     r0, r0, #MODE_MASK
        orr     r0, r0, #(PSR_I | PSR_F | MODE_SVC)
        msr     cpsr_c, r0

        /* An empty level 1 table: one word for each megabyte of the 4 GB. */
        mov     r4, #BOOT_L1
        add     r1, r4, #L1_BYTES
        mov     r2, #0
1:      str     r2, [r1, #-4]!
        cmp     r1, r4
        bne     1b

        /* RAM at KERNEL_BASE; and its first megabyte at 0 too, where this code runs until it jumps. */
        ldr     r2, =(L1_SECTION | SECTION_KERNEL)
        str     r2, [r4]
        add     r1, r4, #(KERNEL_BASE >> 20 << 2)
        mov     r3, #(RAM_SIZE / SECTION_BYTES)
1:      str     r2, [r1], #4
        add     r2, r2, #SECTION_BYTES
        subs    r3, r3, #1
        bne     1b

        /* The devices. */
        ldr     r2, =(DEVICES | L1_SECTION | SECTION_KERNEL)
        ldr     r1, =(DEVICE_BASE >> 20 << 2)
        add     r1, r1, r4
        mov     r3, #DEVICE_SECTIONS
1:      str     r2, [r1], #4
        add     r2, r2, #SECTION_BYTES
        subs    r3, r3, #1
        bne     1b

        mov     r0, #0
        mcr     p15, 0, r0, c7, c7, 0   @ both caches: nothing in them is valid
        mcr     p15, 0, r0, c7, c10, 4  @ the table has left the write buffer
        mcr     p15, 0, r0, c8, c7, 0   @ nor is anything in the TLB
        mcr     p15, 0, r4, c2, c0, 0   @ TTBR0: the table
        mov     r0, #1
        mcr     p15, 0, r0, c3, c0, 0   @ DACR: domain 0 obeys the permissions of its pages
        mrc     p15, 0, r0, c1, c0, 0
        ldr     r1, =(SCTLR_M | SCTLR_A | SCTLR_S | SCTLR_I | SCTLR_V)
        orr     r0, r0, r1
        ldr     lr, =in_virtual_memory
        mcr     p15, 0, r0, c1, c0, 0   @ SCTLR: on
        mrc     p15, 0, r0, c2, c0, 0   @ reading cp15 and using the result
        mov     r0, r0                  @ waits until the write has taken effect
        mov     pc, lr

in_virtual_memory:
        /*
         * The modes that exceptions enter need no stack of their own: the entry code in exceptions.S leaves them
         * after a few instructions, with three words on a note pad. SP points to it for ever.
         */
        ldr     r0, =note_pads
        msr     cpsr_c, #(PSR_I | PSR_F | MODE_IRQ)
        mov     sp, r0
        msr     cpsr_c, #(PSR_I | PSR_F | MODE_ABT)
        add     sp, r0, #16
        msr     cpsr_c, #(PSR_I | PSR_F | MODE_UND)
        add     sp, r0, #32
        /* FIQ mode keeps all it needs in registers that no other mode sees: r8 the timer, r9 and r10 its counts. */
        msr     cpsr_c, #(PSR_I | PSR_F | MODE_FIQ)
        ldr     r8, =TIMER_PROFILE
        mov     r9, #0
        mov     r10, #0
        msr     cpsr_c, #(PSR_I | PSR_F | MODE_SVC)
        ldr     sp, =boot_stack_end

        ldr     r0, =bss_start
        ldr     r1, =bss_end
        mov     r2, #0
1:      cmp     r0, r1
        strlo   r2, [r0], #4
        blo     1b

        mov     fp, #0                  @ the backtrace of a panic ends here
        bl      kernel_main
        b       .
        .cfi_endproc
        .size   _start, . - _start
        .ltorg

        .bss
        .balign 16
note_pads:
        .space  3 * 16

        .balign 8
        .globl  boot_stack
boot_stack:
        .space  STACK_BYTES
boot_stack_end:
