/** The tests that the text of a guest.json declares: their names, modes and places. What is wrong is left to whoever runs it. */

export interface DeclaredTest {
  readonly name: string;
  readonly modes: readonly string[];
  /** Line of its name in the text, from 0; undefined when it cannot be found. */
  readonly line: number | undefined;
}

export interface DeclaredGuest {
  readonly name: string | undefined;
  readonly tests: readonly DeclaredTest[];
}

const DEFAULT_MODES = ['lpv'];
const MOST_TESTS = 1000;

/** Undefined for a text that is not an object of JSON. */
export function declaredGuest(text: string): DeclaredGuest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const name = typeof value['name'] === 'string' ? value['name'] : undefined;
  const list: readonly unknown[] = Array.isArray(value['tests']) ? value['tests'] : [];
  const lines = text.split('\n');
  return { name, tests: list.slice(0, MOST_TESTS).flatMap((entry) => declaredTest(entry, lines)) };
}

function declaredTest(entry: unknown, lines: readonly string[]): DeclaredTest[] {
  if (!isRecord(entry)) return [];
  const { name } = entry;
  if (typeof name !== 'string' || name === '') return [];
  const wanted: readonly unknown[] = Array.isArray(entry['modes']) ? entry['modes'] : DEFAULT_MODES;
  const modes = wanted.filter((mode) => typeof mode === 'string');
  const written = JSON.stringify(name);
  const line = lines.findIndex((text) => /"name"\s*:/.test(text) && text.includes(written));
  return [{ name, modes: modes.length > 0 ? modes : DEFAULT_MODES, line: line < 0 ? undefined : line }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
