/** Checks of saved device state: a snapshot comes from a file, so nothing in it is taken on trust. */

/**
 * Returns `state` as the type of `example`, a state the same device has saved itself. Throws when its shape differs:
 * other keys, other types, arrays of another length.
 */
export function sameShape<T>(device: string, example: T, state: unknown): T {
  check(device, 'state', example, state);
  return state as T;
}

function check(device: string, path: string, example: unknown, state: unknown): void {
  if (Array.isArray(example)) {
    if (!Array.isArray(state) || state.length !== example.length)
      throw new Error(`Cannot restore ${device}: ${path} is not a list of ${example.length} values.`);
    for (let i = 0; i < example.length; i++) check(device, `${path}[${i}]`, example[i], state[i]);
  } else if (typeof example === 'object' && example !== null) {
    if (typeof state !== 'object' || state === null || Array.isArray(state))
      throw new Error(`Cannot restore ${device}: ${path} is not an object.`);
    for (const [key, value] of Object.entries(example)) {
      if (!Object.hasOwn(state, key)) throw new Error(`Cannot restore ${device}: ${path}.${key} is missing.`);
      check(device, `${path}.${key}`, value, (state as Record<string, unknown>)[key]);
    }
  } else if (typeof state !== typeof example || (typeof state === 'number' && !Number.isFinite(state))) {
    throw new Error(`Cannot restore ${device}: ${path} is not a ${typeof example}.`);
  }
}
