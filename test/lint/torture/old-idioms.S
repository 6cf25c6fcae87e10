/* What kernels of the 2.6 age and older assemblers wrote: the divided syntax, names of that time, 26-bit idioms. */
#define PSR_I_BIT 0x80
#define SVC_MODE 0x13
#define LOADREGS(cond, base, reglist...) ldm##cond base,reglist
#define RETINSTR(instr, regs...) instr regs
#define DEFAULT_FIQ_BIT 0x40
	.text
	.equ	S_PSR, 64
	.equ	S_PC, 60
	.macro	disable_irq_prev, old
	mrs	\old, cpsr_all
	orr	r12, \old, #PSR_I_BIT
	msr	cpsr_all, r12
	.endm
	.macro	set_mode, mode=SVC_MODE | PSR_I_BIT
	msr	cpsr_ctl, #\mode
	.endm
	.macro	save_user_regs
	sub	sp, sp, #72
	stmia	sp, {r0 - r12}
	add	r8, sp, #S_PC
	stmdb	r8, {sp, lr}^
	mrs	r1, spsr
	str	r1, [sp, #S_PSR]
	.endm
	.macro	restore_user_regs
	ldr	r0, [sp, #S_PSR]
	msr	spsr, r0
	ldmia	sp, {r0 - lr}^
	mov	r0, r0
	ldr	lr, [sp, #S_PC]
	movs	pc, lr
	.endm
	.macro	usracc, instr, reg, ptr, cond=al
.Ltry\@:
	\instr\cond\()bt	\reg, [\ptr], #1
	.ifeqs	"\cond", "al"
	nop
	.else
	\instr\cond\()t	\reg, [\ptr], #4
	.endif
	.endm
	.macro	count n
	.ifeq	\n
	.exitm
	.endif
	mrs	r\n, spsr
	count	(\n - 1)
	.endm

vector_old:
	disable_irq_prev r5
	set_mode
	set_mode SVC_MODE
	save_user_regs
	usracc	ldr, r2, r0
	usracc	str, r3, r1, ne
	restore_user_regs
	ldmeqia	sp, {r0 - r7, pc}^
	ldmnefd	sp!, {r4, pc}^
	LOADREGS(ia, sp, {r0 - lr}^)
	LOADREGS(nefd, sp!, {r4 - r7, pc}^)
	RETINSTR(movs, pc, lr)
	RETINSTR(movnes, pc, lr)
	subeqs	pc, lr, #4
	subs	pc, lr, #4
	addccs	pc, pc, r1, lsl #2
	orrs	pc, lr, #1 << 28
	bics	pc, lr, #0xf0000000
	teqp	pc, #0
	tstp	pc, #0x0c000003
	teq	pc, #0
	msr	cpsr_flg, #0xf0000000
	msr	cpsr_flg, r0
	msr	spsr_all, r1
	msrne	spsr_all, r2
	mrseq	r3, spsr_all
	mrs	r4, cpsr_all
	msr	CPSR_c, #(SVC_MODE | PSR_I_BIT | \
		DEFAULT_FIQ_BIT)
	swp	r0, r1, [r2]
	swpeqb	r0, r1, [r2]
	mcreq	p15, 0, r0, c7, c7, 0
	mrcne	p15, 0, r15, c7, c14, 3
	ldceq	p1, c0, [r0], #4
	stcl	p2, c1, [r1, #-8]!
	cdp	p3, 1, c2, c3, c4, 5
	ldrbt	r1, [r2], r3, lsl #2
	ldreqbt	r1, [r2]
	strbt	r1, [r2], #-4095
	strnet	r1, [r2], -r3
	swieq	0x900000 + 1
	.rept	2
	.irp	reg, r0, r1, r2
	msr	cpsr_c, \reg
	.endr
	.endr
	.irpc	n, 0123
	mrs	r\n, cpsr
	.endr
	.rept	3
	mrs	r9, spsr
	.exitm
	mrs	r10, spsr
	.endr
	movs	pc, #0
	movs	pc, lr, rrx
	mvns	pc, r1, asr r2
	rsbs	pc, r1, #0
