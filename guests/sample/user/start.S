/*
 * Where a program begins, and how it calls the kernel.
 */
        .syntax unified
        .cfi_sections .debug_frame
        .text

/* r0: the argument; r1: the program's main function. */
        .globl  user_start
        .type   user_start, %function
user_start:
        .cfi_startproc
        .cfi_undefined lr
        mov     fp, #0
        blx     r1
        bl      exit
        .cfi_endproc
        .size   user_start, . - user_start

/* int system_call(enum system_call number, u32 a, u32 b, u32 c) */
        .globl  system_call
        .type   system_call, %function
system_call:
        .cfi_startproc
        push    {r7, lr}
        .cfi_def_cfa_offset 8
        .cfi_offset r7, -8
        .cfi_offset lr, -4
        mov     r7, r0
        mov     r0, r1
        mov     r1, r2
        mov     r2, r3
        svc     #0
        pop     {r7, pc}
        .cfi_endproc
        .size   system_call, . - system_call

/* int fault_by_word(u32 kind): instructions that a compiler would not make. */
        .globl  fault_by_word
        .type   fault_by_word, %function
fault_by_word:
        .cfi_startproc
        cmp     r0, #1
        blo     1f
        beq     2f
        bkpt    #0
1:      udf     #0
2:      mrc     p15, 0, r0, c0, c0, 0
        bx      lr
        .cfi_endproc
        .size   fault_by_word, . - fault_by_word
