/**
 * The one file that computed traps need in a source tree: register numbers as assembler symbols, and macros for the
 * forms whose operands or mnemonic are known to the assembler only. It is a header for the C preprocessor and a
 * source for the assembler at once: the assembler takes lines that begin with a # for comments.
 */
import { assembleSensitive, standardRegisters } from '../../isa/assemble.ts';
import { encodeTrap } from '../../isa/lpv.ts';
import { CONDITION_NAMES } from '../../isa/mnemonics.ts';

/** Name of the file; the assembler's search path has its folder. */
export const SUPPORT_FILE = 'lpv-traps.h';
/** What a Makefile line that Trapline has added ends with. */
export const MAKEFILE_MARK = '# added by trapline patch';

const LITERAL = {
  register: () => undefined,
  value: (text: string) => Number(text),
};

/** The trap of a literal statement with its condition taken out, as hexadecimal. */
function trapBits(statement: string): string {
  const space = statement.indexOf(' ');
  const found = assembleSensitive(statement.slice(0, space), statement.slice(space + 1), LITERAL);
  const trap = encodeTrap(found!.word)!;
  // The assembler makes the rest of an SWI.
  const isSwi = ((trap >>> 24) & 15) === 15;
  return `0x${(trap & (isSwi ? 0x00ffffff : 0x0fffffff)).toString(16).padStart(8, '0')}`;
}

/** Position of bits in a trap, by the difference that one operand makes. */
function shiftOf(without: string, withOne: string): number {
  return 31 - Math.clz32(Number(trapBits(without)) ^ Number(trapBits(withOne)));
}

/** Loads and stores with user rights, and the plain ones that a configuration may put in their place. */
const USER_ACCESSES = ['ldrt', 'ldrbt', 'strt', 'strbt'];
const PLAIN_ACCESSES = [
  'ldr',
  'ldrb',
  'ldrh',
  'ldrsb',
  'ldrsh',
  'str',
  'strb',
  'strh',
  'ldrht',
  'ldrsbt',
  'ldrsht',
  'strht',
];

const divided = (name: string): string => `${name.slice(0, 3)}\\c\\()${name.slice(3)}`;

function userAccess(name: string): string[] {
  const up = trapBits(`${name} r0, [r0], #0`);
  const down = trapBits(`${name} r0, [r0], #-0`);
  const rt = shiftOf(`${name} r0, [r0], #0`, `${name} r1, [r0], #0`);
  const rn = shiftOf(`${name} r0, [r0], #0`, `${name} r0, [r1], #0`);
  const high = shiftOf(`${name} r0, [r0], #0`, `${name} r0, [r0], #256`);
  const body = (macro: string, cond: string): string[] => [
    `\t.macro\t${macro}, rt, address, offset:vararg`,
    `\t__lpv_user_access ${cond}, ${up}, ${down}, ${rt}, ${rn}, ${high}, \\rt, \\address, \\offset`,
    '\t.endm',
  ];
  return [
    ...body(`__lpv_${name}\\c`, '.Llpv_cond_\\c'),
    '\t.ifnb\t\\c',
    ...body(`__lpv_${divided(name)}`, '.Llpv_cond_\\c'),
    '\t.endif',
  ];
}

function plainAccess(name: string): string[] {
  const body = (spelling: string): string[] => [
    `\t.macro\t__lpv_${spelling}, operands:vararg`,
    `\t${spelling}\t\\operands`,
    '\t.endm',
  ];
  const unified = body(`${name}\\c`);
  return name.length === 3 ? unified : [...unified, '\t.ifnb\t\\c', ...body(divided(name)), '\t.endif'];
}

/** The bits that name a status register and its fields. */
const fieldBits = (psr: string): number => Number(trapBits(`msr ${psr}, r0`)) & FIELD_BITS;
/** R and the field mask of MSR: all bits by which the traps of the two forms below differ. */
const FIELD_BITS =
  Number(trapBits('msr spsr_cxsf, r0')) & ~(Number(trapBits('msr cpsr_c, r0')) & Number(trapBits('msr cpsr_f, r0')));

/** An MSR trap without its status register. */
function withoutFields(statement: string): string {
  return `0x${(Number(trapBits(statement)) & ~FIELD_BITS).toString(16).padStart(8, '0')}`;
}

/** Status registers by name, in the spellings in use. */
function statusRegisters(): string[] {
  const suffixes = ['', '_all', '_flg', '_ctl'];
  for (let mask = 1; mask < 16; mask++) {
    const letters = ['c', 'x', 's', 'f'].filter((_, bit) => (mask >>> bit) & 1);
    suffixes.push(`_${letters.join('')}`);
    if (letters.length > 1) suffixes.push(`_${letters.reverse().join('')}`);
  }
  return ['cpsr', 'spsr'].flatMap((name) =>
    suffixes.flatMap((suffix) => {
      const value = `0x${fieldBits(name + suffix).toString(16)}`;
      return [
        `\t.set\t.Llpv_psr_${name}${suffix}, ${value}`,
        `\t.set\t.Llpv_psr_${name.toUpperCase()}${suffix}, ${value}`,
      ];
    }),
  );
}

/** The contents of the support file. */
export function supportFile(): string {
  const registers = [...standardRegisters()];
  const mrs = trapBits('mrs r0, cpsr');
  const rd = shiftOf('mrs r0, cpsr', 'mrs r1, cpsr');
  const register = withoutFields('msr cpsr_c, r0');
  const immediate = withoutFields('msr cpsr_c, #0');
  const conditions = [...CONDITION_NAMES.keys()].filter((name) => name !== '');
  return `/*
 * Traps of lightweight paravirtualization: what rewritten instructions need of the assembler.
 * Written by "trapline patch"; "trapline patch --restore" removes it. Do not edit.
 *
 * Included in every unit by a line of a Makefile. The C preprocessor reads it as a header; in C, the assembler
 * reads it once more as it is, where a # begins a comment.
 */
#ifndef LINKER_SCRIPT
#ifdef __ASSEMBLER__
#define LPV(instruction) LPV_PASTE(instruction)
#define LPV_PASTE(instruction) __lpv_##instruction

	.ifndef	.Llpv_cond_
${registers.map(([name, number]) => `\t.set\t.Llpv_${name}, ${number}\n\t.set\t.Llpv_${name.toUpperCase()}, ${number}`).join('\n')}
	.set	.Llpv_cond_, 14
${conditions.map((name) => `\t.set\t.Llpv_cond_${name}, ${CONDITION_NAMES.get(name)!}`).join('\n')}

${statusRegisters().join('\n')}

	/* The value of "#12", "#-4" or "#0x1f", in .Llpv_value and .Llpv_negative. */
	.macro	__lpv_number, text:vararg
	.set	.Llpv_value, 0
	.set	.Llpv_negative, 0
	.set	.Llpv_base, 10
	.irpc	digit, \\text
	.ifnc	\\digit,#
	.ifc	\\digit,-
	.set	.Llpv_negative, 1
	.else
	.ifc	\\digit,x
	.set	.Llpv_base, 16
	.else
	.set	.Llpv_value, .Llpv_value * .Llpv_base + 0x\\digit
	.endif
	.endif
	.endif
	.endr
	.endm

	/* The number of a register in brackets, in .Llpv_base_register. */
	.macro	__lpv_address, address
	.set	.Llpv_base_register, 16
	.irp	name, ${registers.map(([name]) => name).join(', ')}
	.ifc	\\address,[\\name]
	.set	.Llpv_base_register, .Llpv_\\name
	.endif
	.endr
	.if	.Llpv_base_register == 16
	.error	"lpv: \\address is not a register in brackets"
	.endif
	.endm

	.macro	__lpv_user_access, cond, up, down, rt_at, rn_at, high_at, rt, address, offset:vararg
	__lpv_address \\address
	.ifb	\\offset
	__lpv_number 0
	.else
	__lpv_number \\offset
	.endif
	.set	.Llpv_word, (\\cond << 28) | (.Llpv_\\rt << \\rt_at) | (.Llpv_base_register << \\rn_at)
	.set	.Llpv_word, .Llpv_word | (.Llpv_value & 0xff) | ((.Llpv_value >> 8) << \\high_at)
	.if	.Llpv_negative
	.inst	.Llpv_word | \\down
	.else
	.inst	.Llpv_word | \\up
	.endif
	.endm

	/* An immediate as data processing encodes it, in .Llpv_operand. */
	.macro	__lpv_rotate, value
	.set	.Llpv_operand, -1
	.irp	rotation, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1
	.set	.Llpv_imm8, (((\\value) << (2 * \\rotation)) | (((\\value) & 0xffffffff) >> (32 - 2 * \\rotation))) & 0xffffffff
	.if	(.Llpv_imm8 & 0xffffff00) == 0
	.set	.Llpv_operand, (\\rotation << 8) | .Llpv_imm8
	.endif
	.endr
	.if	((\\value) & 0xffffff00) == 0
	.set	.Llpv_operand, (\\value)
	.endif
	.if	.Llpv_operand == -1
	.error	"lpv: \\value cannot be an immediate"
	.endif
	.endm

	.irp	c,,${conditions.join(',')}
	.macro	__lpv_imm\\c, base, value:vararg
	__lpv_rotate "\\value"
	swi\\c	(\\base) | .Llpv_operand
	.endm

	.macro	__lpv_mrs\\c, rd, psr
	swi\\c	${mrs} | (.Llpv_psr_\\psr & 0x8000) | (.Llpv_\\rd << ${rd})
	.endm

	/* MSR of what the compiler chose: a register, or an immediate. */
	.macro	__lpv_msr\\c, psr, operand
	.set	.Llpv_is_immediate, 0
	.irpc	char, \\operand
	.ifc	\\char,#
	.set	.Llpv_is_immediate, 1
	.endif
	.endr
	.if	.Llpv_is_immediate
	__lpv_number \\operand
	__lpv_imm\\c ${immediate} | .Llpv_psr_\\psr, .Llpv_value
	.else
	swi\\c	${register} | .Llpv_psr_\\psr | .Llpv_\\operand
	.endif
	.endm

${[...USER_ACCESSES.flatMap(userAccess), ...PLAIN_ACCESSES.flatMap(plainAccess)].join('\n')}
	.endr

	/* In C, what follows is in the way of the assembler. */
	.macro	__asm__, text:vararg
	.endm
	.endif
#else
__asm__ (".include \\"${SUPPORT_FILE}\\"");
#endif
#endif
`;
}
