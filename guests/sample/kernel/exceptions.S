/*
 * The way into the kernel and the way out.
 *
 * Every exception ends up in SVC mode with a struct trap_frame (task.h) on the kernel stack of the current task, and
 * in a C function that gets the frame. A frame comes from user mode or from the kernel itself (an interrupt during a
 * system call; a fault in uaccess.S); SPSR says which, and the ways back differ.
 */
#include "layout.h"

        .syntax unified
        .cfi_sections .debug_frame

/* The vector table: one instruction for each exception. paging.c maps this page at HIGH_VECTORS. */
        .section .vectors, "ax"
        .globl  vectors
        .type   vectors, %function
vectors:
        ldr     pc, [pc, #24]           @ reset
        ldr     pc, [pc, #24]           @ undefined instruction
        ldr     pc, [pc, #24]           @ SVC
        ldr     pc, [pc, #24]           @ prefetch abort
        ldr     pc, [pc, #24]           @ data abort
        ldr     pc, [pc, #24]           @ not used
        ldr     pc, [pc, #24]           @ IRQ
        ldr     pc, [pc, #24]           @ FIQ
        .word   _start, vector_undefined, vector_svc, vector_prefetch_abort
        .word   vector_data_abort, _start, vector_irq, vector_fiq
        .size   vectors, . - vectors

        .text

/* Tells a debugger where the registers of what was interrupted are: in the frame at SP. */
        .macro  FRAME_AT_SP
        .cfi_signal_frame
        .cfi_return_column 15
        .cfi_def_cfa sp, FRAME_SIZE
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        .cfi_offset \n, 4 * \n - FRAME_SIZE
        .endr
        .endm

/*
 * Saves everything in a trap frame. `adjust` takes the return address in LR back to the instruction that was
 * interrupted or has failed (ARM DDI 0100I, A2.6).
 */
        .macro  ENTER vector, adjust
        sub     lr, lr, #\adjust
        stmia   sp, {r0, lr}            @ SP is the note pad of this mode
        mrs     lr, spsr
        str     lr, [sp, #8]
        mov     r0, sp
        msr     cpsr_c, #(PSR_I | MODE_SVC)
        sub     sp, sp, #FRAME_SIZE
        stmib   sp, {r1-r12}
        ldmia   r0, {r1-r3}             @ from the note pad: r0, PC, CPSR
        str     r1, [sp]
        str     r2, [sp, #FRAME_PC]
        str     r3, [sp, #FRAME_CPSR]
        mov     r4, #\vector
        str     r4, [sp, #FRAME_VECTOR]
        tst     r3, #(MODE_MASK & ~MODE_USR)
        addeq   r4, sp, #FRAME_SP       @ from user mode: SP and LR of its bank
        stmiaeq r4, {sp, lr}^
        addne   r4, sp, #FRAME_SIZE     @ from the kernel: our own
        strne   r4, [sp, #FRAME_SP]
        strne   lr, [sp, #FRAME_LR]
        .endm

        .macro  EXCEPTION name, vector, adjust, handler
        .globl  \name
        .type   \name, %function
\name:
        .cfi_startproc
        FRAME_AT_SP
        ENTER   \vector, \adjust
        mov     r0, sp
        bl      \handler
        b       leave_kernel
        .cfi_endproc
        .size   \name, . - \name
        .endm

        EXCEPTION vector_undefined, VECTOR_UNDEFINED, 4, handle_undefined
        EXCEPTION vector_prefetch_abort, VECTOR_PREFETCH_ABORT, 4, handle_prefetch_abort
        EXCEPTION vector_data_abort, VECTOR_DATA_ABORT, 8, handle_data_abort
        EXCEPTION vector_irq, VECTOR_IRQ, 4, handle_irq

/* A system call always comes from user mode, and SVC mode needs no note pad, so this is shorter. */
        .globl  vector_svc
        .type   vector_svc, %function
vector_svc:
        .cfi_startproc
        FRAME_AT_SP
        sub     sp, sp, #FRAME_SIZE
        stmia   sp, {r0-lr}^            @ user mode's registers, its SP and LR with them
        str     lr, [sp, #FRAME_PC]
        mrs     r8, spsr
        str     r8, [sp, #FRAME_CPSR]
        mov     r8, #VECTOR_SVC
        str     r8, [sp, #FRAME_VECTOR]
        msr     cpsr_c, #MODE_SVC       @ system calls can be interrupted
        mov     r0, sp
        bl      handle_svc
        b       leave_kernel
        .cfi_endproc
        .size   vector_svc, . - vector_svc

        .globl  leave_kernel
        .type   leave_kernel, %function
leave_kernel:
        .cfi_startproc
        FRAME_AT_SP
        msr     cpsr_c, #(PSR_I | MODE_SVC)
        ldr     r1, [sp, #FRAME_CPSR]
        tst     r1, #(MODE_MASK & ~MODE_USR)
        beq     leave_to_user
        msr     spsr_cxsf, r1
        ldmia   sp, {r0-pc}^            @ every register, SP with them, and SPSR to CPSR

/* A new process starts here, with a frame on its stack that was made by hand. Interrupts are masked. */
        .globl  leave_to_user
        .type   leave_to_user, %function
leave_to_user:
        mov     r0, sp
        bl      before_user_mode        @ is it another task's turn?
        ldr     r1, [sp, #FRAME_CPSR]
        msr     spsr_cxsf, r1
        ldr     lr, [sp, #FRAME_PC]
        ldmia   sp, {r0-lr}^            @ user mode's registers; our SP and LR stay
        nop                             @ banked registers may not be used right after this
        add     sp, sp, #FRAME_SIZE
        movs    pc, lr
        .cfi_endproc
        .size   leave_kernel, . - leave_kernel

/*
 * The profiler: a fast interrupt 1,000 times a second notes whether user mode or the kernel was running. FIQ mode has
 * its own r8 to r12, so it needs neither stack nor frame: six instructions in all. It interrupts even where IRQs are
 * masked.
 */
        .globl  vector_fiq
        .type   vector_fiq, %function
vector_fiq:
        str     r8, [r8, #TIMER_CLEAR]
        mrs     r11, spsr
        tst     r11, #(MODE_MASK & ~MODE_USR)
        addeq   r9, r9, #1
        addne   r10, r10, #1
        subs    pc, lr, #4
        .size   vector_fiq, . - vector_fiq

/* void take_samples(u32 samples[2]): what FIQ mode has counted since the last time, user and kernel. */
        .globl  take_samples
        .type   take_samples, %function
take_samples:
        .cfi_startproc
        mrs     r3, cpsr
        msr     cpsr_c, #(PSR_I | PSR_F | MODE_FIQ)
        mov     r1, r9
        mov     r2, r10
        mov     r9, #0
        mov     r10, #0
        msr     cpsr_c, r3
        stmia   r0, {r1, r2}
        bx      lr
        .cfi_endproc
        .size   take_samples, . - take_samples

/* void read_banks(u32 sp[6]): the stack pointer of each mode: usr, svc, irq, abt, und, fiq. */
        .globl  read_banks
        .type   read_banks, %function
read_banks:
        .cfi_startproc
        stmia   r0, {sp}^
        str     sp, [r0, #4]
        mrs     r3, cpsr
        msr     cpsr_c, #(PSR_I | PSR_F | MODE_IRQ)
        str     sp, [r0, #8]
        msr     cpsr_c, #(PSR_I | PSR_F | MODE_ABT)
        str     sp, [r0, #12]
        msr     cpsr_c, #(PSR_I | PSR_F | MODE_UND)
        str     sp, [r0, #16]
        msr     cpsr_c, #(PSR_I | PSR_F | MODE_FIQ)
        str     sp, [r0, #20]
        msr     cpsr_c, r3
        bx      lr
        .cfi_endproc
        .size   read_banks, . - read_banks

/*
 * void switch_context(struct context *from, struct context *to): goes on as another task. To the caller it is a
 * function call that takes long, so only what a function must preserve has to be kept.
 */
        .globl  switch_context
        .type   switch_context, %function
switch_context:
        .cfi_startproc
        stmia   r0, {r4-r11, sp, lr}
        ldmia   r1, {r4-r11, sp, lr}
        bx      lr
        .cfi_endproc
        .size   switch_context, . - switch_context

/* A new kernel task starts here: its function is in r4. */
        .globl  start_kernel_task
        .type   start_kernel_task, %function
start_kernel_task:
        .cfi_startproc
        .cfi_undefined lr
        msr     cpsr_c, #MODE_SVC
        mov     fp, #0
        blx     r4
        b       .                       @ such functions do not return
        .cfi_endproc
        .size   start_kernel_task, . - start_kernel_task
