#ifndef TORTURE_H
#define TORTURE_H
#define FROM_HEADER(reg) mrs reg, spsr
#ifdef __ASSEMBLER__
	.macro header_macro mode
	msr cpsr_c, #\mode
	.endm
#endif
#endif
