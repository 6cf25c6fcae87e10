/** What operands of a statement mean: in an expansion, and in a definition whose parameters have no values yet. */
import type { OperandContext } from '../../isa/assemble.ts';
import { standardRegisters } from '../../isa/assemble.ts';
import { evaluate, GAS_EXPRESSION } from '../parse/expression.ts';
import type { Assembler } from '../parse/gas/assembler.ts';

/** A macro's parameter or a compiler's operand. */
const PLACEHOLDER = /\\[\w(@]|%[\w[]/;
const WHOLE_REGISTER = /^(?:\\[\w.$]+(?:\\\(\))?|r?\\[\w.$]+(?:\\\(\))?|%[a-zA-Z]?(?:\d+|\[\w+\]))$/;

/** Whether a text has parts that only an expansion or a compiler fills in. */
export function hasPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text);
}

function registerOf(name: string, alias: (name: string) => string | undefined): number | 'symbolic' | undefined {
  if (WHOLE_REGISTER.test(name)) return 'symbolic';
  const target = alias(name.toLowerCase());
  return target === undefined ? undefined : standardRegisters().get(target);
}

/** Operands as the assembler sees them at one point of a unit. */
export function expandedNames(assembler: Assembler): OperandContext {
  return {
    register: (name) => registerOf(name, (alias) => assembler.register(alias)),
    alias: (name) => assembler.register(name),
    value: (text) => {
      if (hasPlaceholder(text)) return 'symbolic';
      const value = evaluate(text, assembler, GAS_EXPRESSION);
      return value === 'invalid' ? undefined : (value ?? 'symbolic');
    },
  };
}

const NO_NAMES = { name: () => undefined };

/** Operands as they are written: names in expressions stay names, aliases are those of the file. */
export function writtenNames(aliases: ReadonlyMap<string, string>): OperandContext {
  return {
    register: (name) => registerOf(name, (alias) => aliases.get(alias)),
    alias: (name) => aliases.get(name),
    value: (text) => {
      if (hasPlaceholder(text)) return 'symbolic';
      const value = evaluate(text, NO_NAMES, GAS_EXPRESSION);
      return value === 'invalid'
        ? /^[\w\s()|&^~+*/<>.$-]+$/.test(text)
          ? 'symbolic'
          : undefined
        : (value ?? 'symbolic');
    },
  };
}
