/* Sensitive instructions by every road that leads to one: macros of both kinds, repetitions, pasting, conditions. */
#include "torture.h"
#define MODE 0x13
#define PASTE(instr) instr ## t
#define TWICE(x...) x ; x
#define WRAPPED( reg ) \
	mrs reg, cpsr ; \
	msr cpsr_c, reg
	.syntax unified
	.arch armv6k
	.arm
	.text
alias	.req r7
	.macro simple rd, psr=cpsr
	mrs \rd, \psr	@ mrs r0, cpsr in a comment
	.endm
	.macro nested, first:req, rest:vararg
	simple \first
	.ifnb \rest
	nested \rest
	.endif
	.endm
	.macro access op, size=, cond=, reg=r0
	\op\size\()t\cond \reg, [r1], #4
	.endm
	.macro counted n
	.if \n
	cpsid i
	counted (\n - 1)
	.endif
	.endm
	.irp c,,eq,ne
	.macro ret\c, off
	subs\c pc, lr, #\off
	.endm
	.endr
entry:	mrs r0, cpsr ; msr spsr_cxsf, r0 ; nop
2:	simple r3
	simple r4, spsr
	simple psr=spsr, rd=r5
	nested r1, r2, r3
	access ldr, b, ne
	access str, cond=eq, reg=r9
	access op=ldr, reg = alias
	counted 3
	ret 4
	reteq 8
	PASTE(ldrb) r2, [r3]
	TWICE(movs pc, lr)
	WRAPPED(r6)
	FROM_HEADER(r8)
	header_macro MODE
	.rept 3
	cpsie if, #MODE
	ldmia sp, {r0 - pc}^
	.endr
	.irp reg, r1, r2, alias
	mrs \reg, cpsr
	.endr
	.irpc digit, 013
	msr cpsr_f, r\digit
	.endr
	.equ wanted, 1
#if defined(NOT_DEFINED) || (MODE > 0x20 && !defined FROM_HEADER)
	mrs r0, cpsr
#elif MODE == 19
	msr cpsr_c, #MODE | 0x80	/* in use */
#else
	mrs r1, cpsr
#endif
	.if wanted > 1
	mrs r2, cpsr
	.elseif wanted == 1
	stmdb r8, {sp, lr}^
	.else
	mrs r3, cpsr
	.endif
	.ifdef entry
	mrs r4, cpsr
	.endif
	.ifndef entry
	mrs r5, cpsr
	.endif
	.ifc "a b","a b"
	mrs r6, cpsr
	.endif
	.ifeqs "x", "y"
	mrs r7, cpsr
	.endif
	.macro early x
	mrs r8, cpsr
	.ifc \x,out
	.exitm
	.endif
	mrs r9, cpsr
	.endm
	early out
	early in
	.ascii "mrs r0, cpsr ; /* \" */"
	.byte ';', '"', '@'
	.align
	mrs r10, /* a comment
	   over lines */ cpsr
	msr cpsr_c, \
		r11
	mcr p15, 0, r0, c1, c0, 0
	srsdb sp!, #MODE
	rfeia sp!
	.word 0xe10f0000	@ data that looks like one
	.purgem simple
	.altmacro
	.macro alt reg
	mrs reg, cpsr
	.endm
	alt r3
	.noaltmacro
	.thumb
	nop
