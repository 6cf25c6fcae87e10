// SYNTAX TEST "source.arm" "ARM assembly"
#include "asm/ptrace.h"
// <-------- keyword.control.directive.arm
//       ^^^^^^^^^^^^^^ string.quoted.include.arm
#define SVC_MODE 0x13
//      ^^^^^^^^ entity.name.function.preprocessor.arm
//               ^^^^ constant.numeric.arm
ENTRY(vector_swi)
//    ^^^^^^^^^^ entity.name.label.arm
saved   .req    r5
// <----- variable.other.register.arm
//      ^^^^ keyword.other.directive.arm
//              ^^ variable.language.register.arm
start:  mrsne   r2, cpsr_c      @ mrs r0
// <----- entity.name.label.arm
//      ^^^^^ keyword.mnemonic.arm
//              ^^ variable.language.register.arm
//                  ^^^^^^ variable.language.register.status.arm
//                              ^^^^^^^^ comment.line.at-sign.arm
1:      bleq    start
// <- entity.name.label.local.arm
//      ^^^^ keyword.control.branch.arm
        blt     1b
//      ^^^ keyword.control.branch.arm
//              ^^ constant.other.label.local.arm
        ldmeqfd sp!, {r0-r3, pc}^ // back
//      ^^^^^^^ keyword.mnemonic.arm
//                                ^^^^^^^ comment.line.double-slash.arm
        .macro  save, rd, more=1
//      ^^^^^^ keyword.control.macro.arm
//              ^^^^ entity.name.function.macro.arm
        mov\more        \rd, r1, lsl #2
//                      ^^^ variable.parameter.macro.arm
//                               ^^^ keyword.operator.shift.arm
        .endm
//      ^^^^^ keyword.control.arm
        mcr     p15, 0, r0, c1, c0, 0
//              ^^^ variable.language.register.coprocessor.arm
//                          ^^ variable.language.register.coprocessor.arm
        .asciz  "mov r0, @ \n"
//      ^^^^^^ keyword.other.directive.arm
//              ^^^^^^^^^^^^^^ string.quoted.double.arm
//                         ^^ constant.character.escape.arm
        SIZE = 4 /* bytes
//      ^^^^ variable.other.constant.arm
//               ^^^^^^^^ comment.block.arm
        mov */ mov_all r0
// ^^^^^^^^^^^ comment.block.arm
//             ^^^^^^^ - keyword.mnemonic.arm
        subs    pc, lr, #4
//      ^^^^ keyword.mnemonic.arm
//                      ^ keyword.operator.arm
        .irpc   c, xyz
//      ^^^^^ keyword.control.arm
#ifdef CONFIG_MMU
// <------ keyword.control.directive.arm
