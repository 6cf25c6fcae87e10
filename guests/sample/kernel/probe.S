/*
 * Two experiments with the processor, for the prompt's `probe` command.
 */
#include "layout.h"

        .syntax unified
        .cfi_sections .debug_frame
        .text

/*
 * int probe_coprocessor(u32 *scratch): tries each kind of coprocessor instruction on coprocessor 7, which no
 * ARM926EJ-S has. An instruction that no coprocessor accepts is undefined, in the kernel too; the handler finds it in
 * __fixups and goes on behind it. Returns how many of the seven were refused.
 */
        .macro  TRY instruction:vararg
        .pushsection __fixups, "a"
        .word   9998f, 9999f
        .popsection
9998:   \instruction
        b       9997f
9999:   add     r1, r1, #1
9997:
        .endm

        .globl  probe_coprocessor
        .type   probe_coprocessor, %function
probe_coprocessor:
        .cfi_startproc
        mov     r1, #0
        TRY     cdp     p7, 0, c0, c0, c0
        TRY     ldc     p7, c0, [r0]
        TRY     stc     p7, c0, [r0]
        TRY     mcr     p7, 0, r2, c0, c0
        TRY     mrc     p7, 0, r2, c0, c0
        TRY     mcrr    p7, 0, r2, r3, c0
        TRY     mrrc    p7, 0, r2, r3, c0
        mov     r0, r1
        bx      lr
        .cfi_endproc
        .size   probe_coprocessor, . - probe_coprocessor

/*
 * int probe_returns(int *flags_restored): exception returns by arithmetic. Any data-processing instruction with the S
 * bit and PC as its destination copies SPSR to CPSR and jumps to its result (ARM DDI 0100I, A2.6.2). Kernels use MOVS
 * and SUBS; the other ten work as well, and this goes through all twelve. Each "returns" from SVC mode to SVC mode,
 * to the label behind it. SPSR is CPSR with only the V flag set, which none of the results sets, so that V there
 * proves that CPSR came from SPSR; *flags_restored counts it. (QEMU 7.2 restores it for MOVS and SUBS only.) Returns
 * how many instructions arrived.
 */
        .macro  RETURN_BY instruction:vararg
        adr     r3, 9999f
        mvn     ip, r3
        msr     spsr_cxsf, r2
        \instruction
        b       9998f                   @ skipped when it works
9999:   add     r0, r0, #1
        addvs   r4, r4, #1
9998:   cmp     r2, r2                  @ V clear, C set
        .endm

        .globl  probe_returns
        .type   probe_returns, %function
probe_returns:
        .cfi_startproc
        push    {r4, r5, r6, lr}
        .cfi_def_cfa_offset 16
        .cfi_offset r4, -16
        .cfi_offset r5, -12
        .cfi_offset r6, -8
        .cfi_offset lr, -4
        mov     r1, r0
        mov     r0, #0
        mov     r4, #0
        mov     r5, #0
        mvn     r6, #0
        mrs     r2, cpsr
        bic     r2, r2, #0xf0000000
        orr     r2, r2, #0x10000000     @ V
        cmp     r2, r2
        RETURN_BY ands  pc, r3, r6
        RETURN_BY eors  pc, r3, r5
        RETURN_BY subs  pc, r3, #0
        RETURN_BY rsbs  pc, r5, r3
        RETURN_BY adds  pc, r3, #0
        RETURN_BY adcs  pc, r3, r6      @ C is set: r3 - 1 + 1
        RETURN_BY sbcs  pc, r3, #0      @ C is set: no borrow
        RETURN_BY rscs  pc, r5, r3
        RETURN_BY orrs  pc, r3, r5
        RETURN_BY movs  pc, r3
        RETURN_BY bics  pc, r3, r5
        RETURN_BY mvns  pc, ip
        str     r4, [r1]
        pop     {r4, r5, r6, pc}
        .cfi_endproc
        .size   probe_returns, . - probe_returns
