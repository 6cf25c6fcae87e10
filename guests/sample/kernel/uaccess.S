/*
 * Access to a user program's memory on its behalf.
 *
 * The pointer comes from the program, so it may be anything. LDRT and STRT make the access with user mode's rights:
 * what the program could not do itself faults, and no range has to be checked. The fault handler (fault.c) first
 * tries what it does for user mode: a page that is missing is filled in, a shared one is copied, and the instruction
 * is tried again. Only if that fails it looks into __fixups, where each of these instructions has the place to go on
 * at.
 *
 * All functions return 0, or -EFAULT.
 */
#include "errors.h"

        .syntax unified
        .cfi_sections .debug_frame
        .text

/* Notes that the instruction that follows may fault. */
        .macro  MAY_FAULT fixup=bad_address
        .pushsection __fixups, "a"
        .word   9999f, \fixup
        .popsection
9999:
        .endm

        .macro  FUNCTION name
        .globl  \name
        .type   \name, %function
\name:
        .cfi_startproc
        .endm

        .macro  END name
        .cfi_endproc
        .size   \name, . - \name
        .endm

        FUNCTION bad_address
        mvn     r0, #(EFAULT - 1)
        bx      lr
        END     bad_address

/* int get_user(u32 *to, const u32 *from): one word, which must be aligned. */
        FUNCTION get_user
        tst     r1, #3
        bne     bad_address
        MAY_FAULT
        ldrt    r2, [r1]
        str     r2, [r0]
        mov     r0, #0
        bx      lr
        END     get_user

/* int put_user(u32 *to, u32 value). */
        FUNCTION put_user
        tst     r0, #3
        bne     bad_address
        MAY_FAULT
        strt    r1, [r0]
        mov     r0, #0
        bx      lr
        END     put_user

/* int copy_from_user(void *to, const void *from, u32 bytes): by words as long as both addresses allow it. */
        FUNCTION copy_from_user
        orr     r3, r0, r1
        tst     r3, #3
        bne     2f
1:      cmp     r2, #4
        blo     2f
        MAY_FAULT
        ldrt    r3, [r1], #4
        str     r3, [r0], #4
        sub     r2, r2, #4
        b       1b
2:      subs    r2, r2, #1
        movmi   r0, #0
        bxmi    lr
        MAY_FAULT
        ldrbt   r3, [r1], #1
        strb    r3, [r0], #1
        b       2b
        END     copy_from_user

/* int copy_to_user(void *to, const void *from, u32 bytes). */
        FUNCTION copy_to_user
        orr     r3, r0, r1
        tst     r3, #3
        bne     2f
1:      cmp     r2, #4
        blo     2f
        ldr     r3, [r1], #4
        MAY_FAULT
        strt    r3, [r0], #4
        sub     r2, r2, #4
        b       1b
2:      subs    r2, r2, #1
        movmi   r0, #0
        bxmi    lr
        ldrb    r3, [r1], #1
        MAY_FAULT
        strbt   r3, [r0], #1
        b       2b
        END     copy_to_user

/* int string_from_user(char *to, const char *from, u32 room): cut off after room - 1 characters. */
        FUNCTION string_from_user
1:      subs    r2, r2, #1
        beq     2f
        MAY_FAULT
        ldrbt   r3, [r1], #1
        strb    r3, [r0], #1
        cmp     r3, #0
        bne     1b
        mov     r0, #0
        bx      lr
2:      strb    r2, [r0]
        mov     r0, #0
        bx      lr
        END     string_from_user
