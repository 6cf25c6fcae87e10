/*
 * The world switch: from the host's run loop into the guest and back, modelled on KVM for ARM (Dall and Nieh, Linux
 * Symposium 2010, section 3.1). Executed by the emulated CPU in SVC mode.
 *
 * Two pages, both position-independent (they move when the guest wants their addresses):
 *
 *   .vectors  at 0xffff0000 or 0x00000000: the exception vectors while the guest runs
 *   .shared   mapped at one address in the host's and in every shadow table: code, temporary stack, data
 *
 * The host's own stack is mapped in the host's table only.
 *
 * scripts/assemble-world-switch.ts turns this file into image.ts; a test assembles it again and compares.
 */
	.syntax	unified
	.arch	armv5te
	.arm

/* Data of the shared page, from FRAME on. image.ts has these offsets, and emulator/layout.ts those that the core needs. */
	.equ	FRAME, 0x800		@ the temporary stack ends here, and grows down
	.equ	PC, 60			@ after r0 to r14: where the guest stopped, and goes on
	.equ	PSR, 64			@ its physical CPSR
	.equ	CAUSE, 68		@ which vector brought it out
	.equ	HOST_SP, 72
	.equ	HOST_TTBR, 76		@ translation table base and domain access of the host,
	.equ	HOST_DACR, 80
	.equ	GUEST_TTBR, 84		@ and of the shadow that the guest runs on
	.equ	GUEST_DACR, 88
	.equ	HOST_IRQS, 92		@ host interrupts taken in the host's context
	.equ	DATA_END, 96

	.equ	SVC_MASKED, 0xd3	@ SVC mode, IRQ and FIQ masked
	.equ	SVC_OPEN, 0x53		@ SVC mode as the run loop has it: the host uses no FIQ

	.equ	CAUSE_UNDEFINED, 1
	.equ	CAUSE_SVC, 2
	.equ	CAUSE_PREFETCH_ABORT, 3
	.equ	CAUSE_DATA_ABORT, 4
	.equ	CAUSE_IRQ, 6

/* ------------------------------------------------------------------------------------------------------------------ */
	.section .vectors, "ax"
vectors:
	b	.			@ reset: not while the guest runs
	ldr	pc, targets + 4
	ldr	pc, targets + 8
	ldr	pc, targets + 12
	ldr	pc, targets + 16
	b	.
	ldr	pc, targets + 24
	b	.			@ FIQ: the host uses none
targets:				@ addresses of the handlers below, by vector
	.space	32

/* ------------------------------------------------------------------------------------------------------------------ */
	.section .shared, "ax"

/*
 * The host kernel's loop. What it does between two entries is the hypervisor's run loop in TypeScript (lpv-vcpu.ts): WFI
 * hands over to it, and goes on when it wants the guest to run. r0 = address of FRAME.
 */
run_loop:
	mcr	p15, 0, r0, c7, c0, 4
	bl	enter_guest
	b	run_loop

/*
 * Into the guest. SVC mode, r0 = address of FRAME, lr = return address in the host.
 */
enter_guest:
	msr	cpsr_c, #SVC_MASKED	@ no host interrupt from here on
	stmdb	sp!, {r4-r11, lr}	@ host state, on the host's stack
	str	sp, [r0, #HOST_SP]
	ldr	r2, [r0, #GUEST_DACR]
	ldr	r3, [r0, #GUEST_TTBR]
	mcr	p15, 0, r2, c3, c0, 0	@ domains first: this page is everybody's client
	mcr	p15, 0, r3, c2, c0, 0	@ this page is at the same address in both tables
	mov	sp, r0			@ the host's stack is out of sight: sp finds the frame on the way back
	ldr	r1, [sp, #PSR]
	msr	spsr_cxsf, r1
	ldr	lr, [sp, #PC]
	ldmia	sp, {r0-lr}^		@ guest registers, into the user bank
	nop				@ banked registers rest for an instruction after LDM(2)
	movs	pc, lr			@ user mode; interrupts as in the guest's CPSR

/*
 * Out of the guest. The vector's mode, sp = address of FRAME in each of them.
 */
	.macro	exit cause, adjust
	.if	\adjust
	sub	lr, lr, #\adjust
	.endif
	stmia	sp, {r0-lr}^		@ guest registers, from the user bank
	mrs	r1, spsr
	str	lr, [sp, #PC]
	mov	r0, #\cause
	.endm

undefined_exit:
	exit	CAUSE_UNDEFINED, 0
	b	leave_from_other_mode
prefetch_abort_exit:
	exit	CAUSE_PREFETCH_ABORT, 4
	b	leave_from_other_mode
data_abort_exit:
	exit	CAUSE_DATA_ABORT, 8
	b	leave_from_other_mode

/* A host interrupt. From the guest it only leaves it: the line is still up, and is handled on the way out. */
irq_exit:
	sub	lr, lr, #4
	str	r0, [sp, #-4]		@ temporary stack
	mrs	r0, spsr
	tst	r0, #0xf		@ zero for user mode
	bne	host_interrupt
	ldr	r0, [sp, #-4]
	exit	CAUSE_IRQ, 0
leave_from_other_mode:
	msr	cpsr_c, #SVC_MASKED	@ the run loop's mode; its sp has the frame, too
	b	leave_guest

/* In the host's context: its interrupt handler. The interrupt controller is behind WFI, as the run loop is. */
host_interrupt:
	ldr	r0, [sp, #HOST_IRQS]
	add	r0, r0, #1
	str	r0, [sp, #HOST_IRQS]
	mcr	p15, 0, r0, c7, c0, 4	@ acknowledged when it goes on
	ldr	r0, [sp, #-4]
	movs	pc, lr

svc_exit:				@ last, so that the commonest exit falls through
	exit	CAUSE_SVC, 0
leave_guest:
	str	r1, [sp, #PSR]
	str	r0, [sp, #CAUSE]
	ldr	r2, [sp, #HOST_TTBR]
	ldr	r3, [sp, #HOST_DACR]
	mcr	p15, 0, r2, c2, c0, 0
	mcr	p15, 0, r3, c3, c0, 0
	mov	r0, sp
	ldr	sp, [r0, #HOST_SP]
	ldmia	sp!, {r4-r11, lr}	@ host state
	msr	cpsr_c, #SVC_OPEN	@ a pending host interrupt is handled here, before the exit
	mov	pc, lr
