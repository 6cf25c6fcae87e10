/** Hit conditions: `5` and `>=5` from the fifth hit on, `=5` the fifth only, `>5`, `<5`, `<=5`, `%5` every fifth. */

const PATTERN = /^(>=|<=|==|=|>|<|%)?\s*(\d{1,9})$/;

/** A test of a count of hits, the first being 1; undefined for a text that is none. */
export function parseHitCondition(text: string): ((count: number) => boolean) | undefined {
  const match = PATTERN.exec(text.trim());
  if (!match) return undefined;
  const [, operator = '>='] = match;
  const number = Number(match[2]);
  switch (operator) {
    case '>':
      return (count) => count > number;
    case '<':
      return (count) => count < number;
    case '<=':
      return (count) => count <= number;
    case '=':
    case '==':
      return (count) => count === number;
    case '%':
      return number === 0 ? undefined : (count) => count % number === 0;
    default:
      return (count) => count >= number;
  }
}
