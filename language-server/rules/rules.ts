/** One rule for each class of sensitive instructions. */
import { hoverForClass } from '../../isa/hover.ts';
import { SENSITIVE_CLASSES, trapsInUserMode, type SensitiveClass } from '../../isa/sensitivity.ts';

/** How much a finding matters; `info` does not affect the exit code of the command line. */
export type Severity = 'error' | 'warning' | 'info' | 'off';
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info', 'off'];

/** What the instruction does when a guest kernel executes it in user mode. */
export type Consequence = 'silently wrong' | 'unpredictable' | 'traps already';

export interface Rule {
  /** For settings, reports and ignore files: `lpv-mrs`. */
  readonly id: string;
  readonly class: SensitiveClass;
  readonly title: string;
  /** What goes wrong in user mode, a sentence. */
  readonly explanation: string;
  readonly consequence: Consequence;
  /** Section of the ARM Architecture Reference Manual. */
  readonly section: string;
  /** Where the manual is. */
  readonly url: string;
  readonly severity: Severity;
}

const MANUAL_URL = 'https://developer.arm.com/documentation/ddi0100/i/';

function ruleFor(found: SensitiveClass): Rule {
  const { title, section, sensitive } = hoverForClass(found);
  const explanation = sensitive ?? '';
  const traps = trapsInUserMode(found);
  return {
    id: `lpv-${found.toLowerCase()}`,
    class: found,
    title,
    explanation,
    consequence: traps ? 'traps already' : explanation.includes('UNPREDICTABLE') ? 'unpredictable' : 'silently wrong',
    section,
    url: MANUAL_URL,
    severity: traps ? 'info' : 'warning',
  };
}

/** All rules, in the order of the classes. */
export const RULES: readonly Rule[] = SENSITIVE_CLASSES.map(ruleFor);

const byClass = new Map(RULES.map((rule) => [rule.class, rule]));

/** The rule of a class. */
export function ruleOf(found: SensitiveClass): Rule {
  return byClass.get(found)!;
}
