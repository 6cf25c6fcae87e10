/** Types as C spells them. */
import { unqualified, type DebugType, type FunctionType } from './types.ts';

/** Types that contain themselves by pointers to functions end here. */
const MAX_DEPTH = 32;

/**
 * The declaration of a type, around a declarator when one is given: `struct list_head *`, `int (*)(void)`, `char [16]`;
 * `int (*handler)(void)` with the declarator `handler`.
 */
export function typeName(type: DebugType, declarator = '', depth = 0): string {
  if (depth > MAX_DEPTH) return '...';
  const next = depth + 1;
  switch (type.kind) {
    case 'pointer':
      return typeName(type.target, pointed(type.target, `${type.reference}${declarator}`), next);
    case 'qualified':
      if (type.target.kind === 'pointer') {
        const { reference, target } = type.target;
        const inner = `${reference} ${type.qualifier}${declarator === '' ? '' : ` ${declarator}`}`;
        return typeName(target, pointed(target, inner), next);
      }
      // Arrays have the qualifiers of their elements; on a function they stand for attributes such as noreturn.
      if (type.target.kind === 'array' || type.target.kind === 'function')
        return typeName(type.target, declarator, next);
      return `${type.qualifier} ${typeName(type.target, declarator, next)}`;
    case 'array':
      return typeName(type.element, `${declarator}[${type.count ?? ''}]`, next);
    case 'function':
      return typeName(type.returns, `${declarator}(${parameterNames(type, next)})`, next);
    case 'struct':
      return spaced(`${type.keyword} ${type.name ?? '{...}'}`, declarator);
    case 'enum':
      return spaced(`enum ${type.name ?? '{...}'}`, declarator);
    default:
      return spaced(type.name ?? 'void', declarator);
  }
}

function parameterNames({ parameters, isVariadic, isPrototyped }: FunctionType, depth: number): string {
  const names = parameters.map((parameter) => typeName(parameter, '', depth));
  if (isVariadic) names.push('...');
  return names.length === 0 && isPrototyped ? 'void' : names.join(', ');
}

/** A declarator of a pointer: in parentheses when what it points to is written after it. */
const pointed = (target: DebugType, declarator: string): string => {
  const { kind } = unqualified(target);
  return kind === 'array' || kind === 'function' ? `(${declarator})` : declarator;
};

const spaced = (name: string, declarator: string): string => (declarator === '' ? name : `${name} ${declarator}`);
