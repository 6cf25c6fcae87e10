/** What the assembler's own words mean, a line each: directives, registers, conditions. */
import { CONDITION_NAMES } from '../../isa/mnemonics.ts';

/** Directives of the GNU assembler for ARM: operands, and what they do. */
export const DIRECTIVES: ReadonlyMap<string, readonly [operands: string, meaning: string]> = new Map([
  ['.align', ['power', 'Pads to a multiple of 2 to this power.']],
  ['.balign', ['bytes{, fill}', 'Pads to a multiple of this many bytes.']],
  ['.p2align', ['power{, fill{, max}}', 'Pads to a multiple of 2 to this power.']],
  ['.arch', ['name', 'Selects the architecture whose instructions are allowed.']],
  ['.arch_extension', ['name', 'Adds an extension to the architecture.']],
  ['.arm', ['', 'What follows is ARM code.']],
  ['.thumb', ['', 'What follows is Thumb code.']],
  ['.thumb_func', ['', 'The next symbol is a Thumb function.']],
  ['.code', ['16|32', 'What follows is Thumb (16) or ARM (32) code.']],
  ['.ascii', ['"text"', 'Text without a final zero.']],
  ['.asciz', ['"text"', 'Text with a final zero.']],
  ['.string', ['"text"', 'Text with a final zero.']],
  ['.byte', ['expressions', 'Bytes.']],
  ['.hword', ['expressions', 'Halfwords, 2 bytes each.']],
  ['.short', ['expressions', 'Halfwords, 2 bytes each.']],
  ['.word', ['expressions', 'Words, 4 bytes each.']],
  ['.long', ['expressions', 'Words, 4 bytes each.']],
  ['.int', ['expressions', 'Words, 4 bytes each.']],
  ['.quad', ['expressions', 'Doublewords, 8 bytes each.']],
  ['.inst', ['expressions', 'Instructions as numbers, marked as code.']],
  ['.inst.n', ['expressions', 'Thumb instructions of 2 bytes as numbers.']],
  ['.inst.w', ['expressions', 'Thumb instructions of 4 bytes as numbers.']],
  ['.comm', ['symbol, size{, alignment}', 'A common symbol.']],
  ['.cpu', ['name', 'Selects the processor whose instructions are allowed.']],
  ['.fpu', ['name', 'Selects the floating-point unit.']],
  ['.syntax', ['unified|divided', 'Selects the order of suffixes: unified, or the older divided one.']],
  ['.section', ['name{, "flags"{, %type}}', 'What follows goes into this section.']],
  ['.pushsection', ['name{, "flags"}', 'Like .section; .popsection goes back.']],
  ['.popsection', ['', 'Goes back to the section before .pushsection.']],
  ['.previous', ['', 'Goes back to the section before.']],
  ['.subsection', ['number', 'What follows goes into this part of the section.']],
  ['.text', ['', 'What follows is code.']],
  ['.data', ['', 'What follows is data.']],
  ['.bss', ['', 'What follows is data that is zero at the start.']],
  ['.org', ['offset{, fill}', 'Moves to an offset in the section.']],
  ['.skip', ['bytes{, fill}', 'Leaves space.']],
  ['.space', ['bytes{, fill}', 'Leaves space.']],
  ['.zero', ['bytes', 'Zero bytes.']],
  ['.fill', ['count{, size{, value}}', 'Copies of a value.']],
  ['.ltorg', ['', 'The literals of "ldr rd, =value" so far go here.']],
  ['.pool', ['', 'The literals of "ldr rd, =value" so far go here.']],
  ['.set', ['symbol, expression', 'Gives a symbol a value, which may change.']],
  ['.equ', ['symbol, expression', 'Gives a symbol a value, which may change.']],
  ['.equiv', ['symbol, expression', 'Gives a symbol a value; it must have none.']],
  ['.global', ['symbols', 'Makes symbols known to other files.']],
  ['.globl', ['symbols', 'Makes symbols known to other files.']],
  ['.weak', ['symbols', 'Makes symbols known, unless another file defines them.']],
  ['.hidden', ['symbols', 'Keeps symbols inside the linked object.']],
  ['.type', ['symbol, %type', 'Says whether a symbol is a function or an object.']],
  ['.size', ['symbol, expression', 'Says how large a symbol is.']],
  ['.macro', ['name {parameters}', 'Defines a macro, up to .endm.']],
  ['.endm', ['', 'Ends a macro.']],
  ['.exitm', ['', 'Leaves the expansion of a macro.']],
  ['.purgem', ['name', 'Forgets a macro.']],
  ['.altmacro', ['', 'Parameters may be named without a backslash.']],
  ['.noaltmacro', ['', 'Ends the effect of .altmacro.']],
  ['.rept', ['count', 'Repeats what follows, up to .endr.']],
  ['.irp', ['parameter, values', 'Repeats what follows with each value, up to .endr.']],
  ['.irpc', ['parameter, characters', 'Repeats what follows with each character, up to .endr.']],
  ['.endr', ['', 'Ends a repetition.']],
  ['.if', ['expression', 'What follows counts if the expression is not 0.']],
  ['.ifeq', ['expression', 'What follows counts if the expression is 0.']],
  ['.ifne', ['expression', 'What follows counts if the expression is not 0.']],
  ['.ifgt', ['expression', 'What follows counts if the expression is more than 0.']],
  ['.ifge', ['expression', 'What follows counts if the expression is 0 or more.']],
  ['.iflt', ['expression', 'What follows counts if the expression is less than 0.']],
  ['.ifle', ['expression', 'What follows counts if the expression is 0 or less.']],
  ['.ifdef', ['symbol', 'What follows counts if the symbol is defined.']],
  ['.ifndef', ['symbol', 'What follows counts if the symbol is not defined.']],
  ['.ifb', ['text', 'What follows counts if the text is blank.']],
  ['.ifnb', ['text', 'What follows counts if the text is not blank.']],
  ['.ifc', ['text, text', 'What follows counts if the texts are the same.']],
  ['.ifnc', ['text, text', 'What follows counts if the texts differ.']],
  ['.else', ['', 'What follows counts if what came before did not.']],
  ['.elseif', ['expression', 'Another condition for what came before.']],
  ['.endif', ['', 'Ends a condition.']],
  ['.include', ['"file"', 'Reads a file.']],
  ['.incbin', ['"file"{, skip{, count}}', 'The bytes of a file.']],
  ['.error', ['"message"', 'Stops the assembler with a message.']],
  ['.warning', ['"message"', 'Prints a warning.']],
  ['.print', ['"text"', 'Prints a text.']],
  ['.end', ['', 'Ends the source.']],
  ['.req', ['register', 'After a name: gives a register that name.']],
  ['.unreq', ['name', 'Takes the name of a register away.']],
  ['.fnstart', ['', 'A function with unwind information begins.']],
  ['.fnend', ['', 'A function with unwind information ends.']],
  ['.cantunwind', ['', 'The function cannot be unwound.']],
  ['.save', ['{registers}', 'Unwind information: these registers were stored on the stack.']],
  ['.pad', ['#bytes', 'Unwind information: the stack was moved by so much.']],
  ['.setfp', ['register, register{, #offset}', 'Unwind information: where the frame pointer points.']],
  ['.eabi_attribute', ['tag, value', 'Sets an attribute of the object.']],
  ['.ident', ['"text"', 'A comment in the object.']],
  ['.file', ['"name"', 'Debug information: the source file.']],
  ['.loc', ['file line', 'Debug information: the line of what follows.']],
]);

/** What registers are for (AAPCS, ARM IHI 0042). */
const REGISTERS: ReadonlyMap<string, string> = new Map([
  ...['r0', 'r1', 'r2', 'r3'].map((name, i): [string, string] => [
    name,
    `Argument ${i + 1} and result; a call may change it.`,
  ]),
  ...['r4', 'r5', 'r6', 'r7', 'r8'].map((name): [string, string] => [name, 'Kept across calls.']),
  ...['a1', 'a2', 'a3', 'a4'].map((name, i): [string, string] => [name, `r${i}: argument ${i + 1} and result.`]),
  ...['v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7', 'v8'].map((name, i): [string, string] => [
    name,
    `r${i + 4}: kept across calls.`,
  ]),
  ['r9', 'Kept across calls, or the static base (sb), as the platform says.'],
  ['sb', 'r9: the static base.'],
  ['r10', 'Kept across calls (sl: stack limit).'],
  ['sl', 'r10: the stack limit; kept across calls.'],
  ['r11', 'Kept across calls; the frame pointer (fp).'],
  ['fp', 'r11: the frame pointer.'],
  ['r12', 'Scratch between a call and its target (ip).'],
  ['ip', 'r12: scratch between a call and its target.'],
  ['r13', 'The stack pointer (sp), one for each mode.'],
  ['sp', 'r13: the stack pointer, one for each mode.'],
  ['r14', 'The link register (lr), one for each mode: the return address.'],
  ['lr', 'r14: the link register, one for each mode: the return address.'],
  ['r15', 'The program counter (pc): reads as the address of the instruction plus 8 (Thumb: 4).'],
  ['pc', 'r15: the program counter; reads as the address of the instruction plus 8 (Thumb: 4).'],
  [
    'cpsr',
    'Current program status register: N Z C V Q flags, interrupt masks, T, mode. Fields: f flags, s status, x extension, c control.',
  ],
  ['spsr', 'Saved program status register: the CPSR before the exception. User and system mode have none.'],
  ['apsr', 'Application program status register: the flags of the CPSR.'],
]);

/** What a register is for; undefined when it is none. */
export function registerMeaning(name: string): string | undefined {
  return REGISTERS.get(name.toLowerCase().replace(/_.*/, ''));
}

/** Names that complete as registers. */
export const REGISTER_WORDS: readonly string[] = [...REGISTERS.keys()].filter((name) => !name.endsWith('psr'));

/** When a condition holds (ARM DDI 0100, A3.2.1), by its number. */
const CONDITIONS: readonly string[] = [
  'equal: Z',
  'not equal: not Z',
  'carry set, or unsigned higher or same: C',
  'carry clear, or unsigned lower: not C',
  'negative: N',
  'positive or zero: not N',
  'overflow: V',
  'no overflow: not V',
  'unsigned higher: C and not Z',
  'unsigned lower or same: not C or Z',
  'signed greater or equal: N = V',
  'signed less: N differs from V',
  'signed greater: not Z and N = V',
  'signed less or equal: Z or N differs from V',
  'always',
];

/** When a condition holds, by its number; empty for none. */
export function conditionMeaning(condition: number): string {
  return CONDITIONS[condition] ?? '';
}

/** Conditions by their suffixes, without the empty one. */
export const CONDITION_WORDS: ReadonlyArray<readonly [suffix: string, meaning: string]> = [...CONDITION_NAMES]
  .filter(([suffix]) => suffix !== '')
  .map(([suffix, condition]) => [suffix, conditionMeaning(condition)]);
