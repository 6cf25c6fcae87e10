/** How much a finding matters, by its rule and by what the user has chosen. */
import type { Finding } from './finding.ts';
import type { Severity } from './rules.ts';

/** Severity of a finding. `chosen` is by rule; `lpv` in it is all rules whose instructions need a trap. */
export function severityOf({ rule, keep }: Finding, chosen: ReadonlyMap<string, Severity>): Severity {
  const severity = chosen.get(rule.id) ?? (rule.severity === 'info' ? 'info' : (chosen.get('lpv') ?? rule.severity));
  return keep !== undefined && severity !== 'off' ? 'info' : severity;
}
