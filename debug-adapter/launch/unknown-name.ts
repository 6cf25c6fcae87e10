/** Errors for names that do not exist. */
import { InputError } from '../../formats/input-error.ts';
import { closest } from '../../symbols/closest.ts';

/** An `InputError` that names the place, what exists, and the nearest of it. */
export function unknownName(kind: string, name: string, known: readonly string[], file?: string): InputError {
  const shown = name.length > 40 ? `${name.slice(0, 40)}...` : name;
  const near = closest(name.slice(0, 80), known);
  const hint = near === undefined ? '' : `Did you mean "${near}"? `;
  return new InputError(`unknown ${kind} ${JSON.stringify(shown)}`, {
    file,
    remedy: `${hint}Possible: ${known.join(', ')}`,
  });
}
