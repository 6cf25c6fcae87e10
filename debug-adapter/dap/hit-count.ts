/** Hit conditions: `5` and `>=5` from the fifth hit on, `=5` the fifth only, `>5`, `<5`, `<=5`, `%5` every fifth. */

const PATTERN = /^(>=|<=|==|=|>|<|%)?\s*(\d{1,9})$/;

/** A hit condition as it was read. */
export interface HitCondition {
  readonly operator: '>' | '<' | '<=' | '=' | '%' | '>=';
  readonly number: number;
}

/** Reads a hit condition; undefined for a text that is none. */
export function parseHitCondition(text: string): HitCondition | undefined {
  const match = PATTERN.exec(text.trim());
  if (!match) return undefined;
  const written = match[1] === '==' ? '=' : (match[1] ?? '>=');
  const number = Number(match[2]);
  // The pattern has no other operators.
  return written === '%' && number === 0 ? undefined : { operator: written as HitCondition['operator'], number };
}

/** Whether a count of hits, the first being 1, meets a hit condition. */
export function meetsHitCondition({ operator, number }: HitCondition, count: number): boolean {
  switch (operator) {
    case '>':
      return count > number;
    case '<':
      return count < number;
    case '<=':
      return count <= number;
    case '=':
      return count === number;
    case '%':
      return count % number === 0;
    case '>=':
      return count >= number;
  }
}
