@ Entry, exception handlers and probes of the memory guests.
@
@ A probe calls a function in supervisor or in user mode; an exception in it ends it, unless the guest's hook wants to
@ repair something and go on. Either way the caller finds in `probe_result` what happened.

        .syntax unified
        .arm
        .equ    MODE_USR, 0x10
        .equ    IRQ_FIQ_OFF, 0xc0
        .equ    EXCEPTION_VALUE, 24

        .section .text.start, "ax"
        .global _start
_start:
        ldr     sp, =svc_stack_top
        msr     cpsr_c, #(IRQ_FIQ_OFF | 0x17)
        ldr     sp, =abt_stack_top
        msr     cpsr_c, #(IRQ_FIQ_OFF | 0x1b)
        ldr     sp, =und_stack_top
        msr     cpsr_c, #(IRQ_FIQ_OFF | 0x13)
        bl      main
        .global stop
stop:   b       stop
        .ltorg

@ Handlers: `handlers` has the eight entries of the vectors for each of four tags, so that a guest can tell which
@ vectors were executed. r0 = exception number | tag << 8.
        .macro  handler tag, number
        push    {r0-r12, lr}
        mov     r0, #\number
        orr     r0, r0, #(\tag << 8)
        b       exception
        .endm

        .macro  handlers_of tag
undefined\tag:  handler \tag, 1
svc\tag:        handler \tag, 2
prefetch\tag:   handler \tag, 3
data\tag:       handler \tag, 4
        .endm

        .text
        handlers_of 1
        handlers_of 2
        handlers_of 3
        handlers_of 4

exception:
        ldr     r4, =probe_result
        str     r0, [r4]
        str     lr, [r4, #4]
        mrs     r5, spsr
        str     r5, [r4, #8]
        mrc     p15, 0, r1, c5, c0, 0
        str     r1, [r4, #12]
        mrc     p15, 0, r1, c5, c0, 1
        str     r1, [r4, #16]
        mrc     p15, 0, r1, c6, c0, 0
        str     r1, [r4, #20]
        ldr     r1, [sp]
        str     r1, [r4, #EXCEPTION_VALUE]
        ldr     r2, =exception_hook
        ldr     r2, [r2]
        cmp     r2, #0
        beq     leave
        mov     r0, r4
        mov     r1, sp
        blx     r2
        cmp     r0, #0
        beq     leave
        @ The hook has put the address to return to into the frame.
        msr     spsr_cxsf, r5
        ldmfd   sp!, {r0-r12, pc}^
leave:
        add     sp, sp, #(14 * 4)
        msr     cpsr_c, #(IRQ_FIQ_OFF | 0x13)
        ldr     r3, =probe_stack
        ldr     r3, [r3]
        cmp     r3, #0
        beq     no_probe
        mov     sp, r3
probe_leave:
        pop     {r4}
        ldr     r12, =probe_stack
        str     r4, [r12]
        pop     {r4-r11, pc}
no_probe:
        ldr     r0, =probe_result
        bl      unexpected
        b       stop

        .macro  probe_enter
        push    {r4-r11, lr}
        ldr     r12, =probe_stack
        ldr     r4, [r12]
        push    {r4}
        str     sp, [r12]
        .endm

@ void probe_kernel(function, a, b): calls it in supervisor mode.
        .global probe_kernel
probe_kernel:
        probe_enter
        mov     r12, r0
        mov     r0, r1
        mov     r1, r2
        mov     r2, #0
        blx     r12
        ldr     r1, =probe_result
        mov     r2, #0
        str     r2, [r1]
        str     r0, [r1, #EXCEPTION_VALUE]
        b       probe_leave

@ void probe_user(function, a, b): calls it in user mode; it ends with the system call at `user_exit`.
        .global probe_user
probe_user:
        probe_enter
        ldr     r4, =user_context
        ldmia   r4, {sp, lr}^
        nop
        mov     r4, #MODE_USR
        msr     spsr_cxsf, r4
        mov     lr, r0
        mov     r0, r1
        mov     r1, r2
        mov     r2, #0
        movs    pc, lr
        .ltorg

@ Accesses. Those without "kernel" in their name run in both modes. r0: address, r1: value; r2 is what they return.
        .macro  access name, words:vararg
        .global \name
\name:  \words
        mov     r0, r2
        bx      lr
        .endm

        access  load_word,         ldr   r2, [r0]
        access  store_word,        str   r1, [r0]
        access  load_half,         ldrh  r2, [r0]
        access  store_half,        strh  r1, [r0]
        access  load_byte,         ldrb  r2, [r0]
        access  store_byte,        strb  r1, [r0]
        access  swap_word,         swp   r2, r1, [r0]
        access  kernel_load_user,  ldrt  r2, [r0], #0
        access  kernel_store_user, strt  r1, [r0], #0
        access  kernel_store_user_byte, strbt r1, [r0], #0
        access  kernel_undefined,  .word 0xe7f000f0

@ load_two(address): the sum of two words; store_four(address, value): value, value + 1, +2, +3.
        .global load_two, store_four, copy_to_user, user_exit, user_call, user_touch
load_two:
        ldmia   r0, {r2, r3}
        add     r0, r2, r3
        bx      lr
store_four:
        push    {r4, lr}
        add     r2, r1, #1
        add     r3, r1, #2
        add     r4, r1, #3
        stmia   r0, {r1, r2, r3, r4}
        pop     {r4, pc}

@ copy_to_user(address, value): eight words by STRT with write-back, the way a kernel's copy loop stores them.
copy_to_user:
        mov     r2, #8
1:      strt    r1, [r0], #4
        add     r1, r1, #1
        subs    r2, r2, #1
        bne     1b
        bx      lr

@ User code.
user_exit:
        svc     #0
@ user_call(a, b): a system call that comes back, then a load from a.
user_call:
        mov     r2, r0
        svc     #7
        ldr     r0, [r2]
        bx      lr
@ user_touch(address, count): adds one to `count` words, a page apart, in Thumb state.
user_touch:
        push    {lr}
        ldr     r12, =touch_thumb + 1
        mov     lr, pc
        bx      r12
        pop     {pc}
        .ltorg
        .thumb
touch_thumb:
        movs    r3, #1
        lsls    r3, r3, #12
1:      ldr     r2, [r0]
        adds    r2, r2, #1
        str     r2, [r0]
        adds    r0, r0, r3
        subs    r1, r1, #1
        bne     1b
        bx      lr
        .arm
        .align  2

@ Pieces of position-independent code that guests copy to where they execute it.
        .global piece_add, piece_add_end, piece_slide, piece_slide_end
piece_add:
        add     r0, r0, #1
        bx      lr
piece_add_end:
piece_slide:
        add     r0, r0, #1
        add     r0, r0, #2
        add     r0, r0, #4
        add     r0, r0, #8
        add     r0, r0, #16
        add     r0, r0, #32
        bx      lr
piece_slide_end:

        .section .rodata
        .align  2
        .macro  entries tag
        .word   stop, undefined\tag, svc\tag, prefetch\tag, data\tag, stop, stop, stop
        .endm
        .global handlers
handlers:
        entries 1
        entries 2
        entries 3
        entries 4
user_context:
        .word   user_stack_top, user_exit

        .bss
        .align  3
        .global probe_result, exception_hook, svc_stack_top
probe_result:   .space 28
exception_hook: .space 4
probe_stack:    .space 4
        .align  3
        .space  8192
svc_stack_top:
        .space  4096
abt_stack_top:
        .space  4096
und_stack_top:
        .space  4096
user_stack_top:
