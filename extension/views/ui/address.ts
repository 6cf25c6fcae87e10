/** Addresses as users type them: a number, a register, a symbol, a C expression; `p:` before it for a physical address. */
import type { Host } from './host.ts';

export interface Place {
  address: number;
  physical: boolean;
}

const NUMBER = /^(0x[0-9a-f]{1,8}|\d{1,10})$/i;

/** An expression without the prefix for physical addresses. */
export function splitPlace(text: string): { expression: string; physical: boolean } {
  const [, prefix, expression] = /^\s*(p:)?\s*([^]*?)\s*$/i.exec(text) ?? [];
  return { expression, physical: prefix !== undefined };
}

/** The number that an expression is by itself; undefined for one that must be evaluated. */
export function literalAddress(expression: string): number | undefined {
  if (!NUMBER.test(expression)) return undefined;
  const value = Number(expression);
  return value < 2 ** 32 ? value : undefined;
}

/** The first number in the result of an expression, as an unsigned 32-bit word. */
export function numberIn(result: string): number | undefined {
  const found = /-?0x[0-9a-f]+|-?\d+/i.exec(result)?.[0];
  if (found === undefined) return undefined;
  const value = found.startsWith('-') ? -Number(found.slice(1)) : Number(found);
  return value >= -(2 ** 31) && value < 2 ** 32 ? value >>> 0 : undefined;
}

/** Evaluates an expression. Rejects with an error that says what is wrong with it. */
export async function addressOf(host: Host, text: string, frameId: number | undefined): Promise<Place> {
  const { expression, physical } = splitPlace(text);
  const literal = literalAddress(expression);
  if (literal !== undefined) return { address: literal, physical };
  const { result, memoryReference } = await host.request<{ result: string; memoryReference?: string }>('evaluate', {
    expression,
    context: 'watch',
    ...(frameId !== undefined && { frameId }),
  });
  const address = (memoryReference === undefined ? undefined : literalAddress(memoryReference)) ?? numberIn(result);
  if (address === undefined) throw new Error(`${expression} is ${result}, which is no address.`);
  return { address, physical };
}

/** A memory reference of the debug adapter. */
export const referenceOf = ({ address, physical }: Place): string =>
  `${physical ? 'p:' : ''}0x${address.toString(16).padStart(8, '0')}`;
