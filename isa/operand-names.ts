/** Operands of the syntax templates as people read them: `{d}, {n}, {imm}` is `Rd, Rn, #immediate`. */

const NAMES: Readonly<Record<string, string>> = {
  d: 'Rd',
  n: 'Rn',
  m: 'Rm',
  s: 'Rs',
  h: 'RdHi',
  d1: 'Rd+1',
  m1: 'Rm+1',
  imm: '#immediate',
  shi: 'Rm{, shift #amount}',
  shr: 'Rm, shift Rs',
  movshi: 'Rm, #amount',
  psr: 'CPSR|SPSR',
  psrf: 'CPSR_fields|SPSR_fields',
  hint: '#hint',
  branch: 'label',
  svc: '#comment',
  bkpt: '#comment',
  mem12: '[Rn{, #offset12}]{!}',
  mem8: '[Rn{, #offset8}]{!}',
  memreg: '[Rn, ±Rm{, shift #amount}]{!}',
  memidx: '[Rn, ±Rm]{!}',
  post12: '[Rn]{, #offset12}',
  postreg: '[Rn], ±Rm{, shift #amount}',
  pldmem: '[Rn{, offset}]',
  memcp: '[Rn{, #offset}]{!}',
  base: 'Rn{!}',
  tbase: 'Rn!',
  list: '{registers}',
  pushlist: '{registers}',
  poplist: '{registers}',
  cp: 'coprocessor',
  opc1: 'opcode1',
  opc2: 'opcode2',
  Cd: 'CRd',
  Cn: 'CRn',
  Cm: 'CRm',
  dflags: 'Rd',
  flags: 'flags',
  withmode: '{, #mode}',
  mode: '#mode',
  wb: '{!}',
  endian: 'be|le',
  lsl: '{, lsl #amount}',
  pkhasr: 'asr #amount',
  ror: '{, ror #amount}',
  satp1: '#bits',
  satj: '#bits',
  sat: '{, shift #amount}',
  dec: '#immediate',
  plain: '#comment',
  dec32: '#amount',
  decx4: '#immediate',
  adr: '#offset',
  literal: 'label',
  mem5: '[Rn, #offset]',
  mem5x2: '[Rn, #offset]',
  mem5x4: '[Rn, #offset]',
  memsp: '[sp, #offset]',
  tbranch8: 'label',
  tbranch11: 'label',
  blprefix: 'label',
};

/** The operands of a template, one string each; an optional part stays with the operand before it. */
export function operandNames(template: string): readonly string[] {
  if (template === '') return [];
  return template
    .split(/, (?![^[]*\])/)
    .map((operand) => operand.replace(/\{(\w+)\}/g, (_, placeholder: string) => NAMES[placeholder] ?? placeholder));
}

/** Whether every placeholder of a template has a name. For tests of the table. */
export function hasOperandNames(template: string): boolean {
  return [...template.matchAll(/\{(\w+)\}/g)].every(([, placeholder]) => Object.hasOwn(NAMES, placeholder));
}
