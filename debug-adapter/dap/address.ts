/** Addresses as DAP carries them: memory references and instruction references are text. */
import { hex32 } from '../target.ts';
import { badMemoryReference } from './errors.ts';

const ADDRESS_SPACE = 0x1_0000_0000;

/** A memory or instruction reference of ours. */
export const formatAddress = hex32;

/** A place in memory: a guest virtual address, or a guest physical one. */
export interface MemoryPlace {
  address: number;
  physical: boolean;
}

/** The place in a memory reference: an address is virtual, one behind `p:` is physical. */
export function parsePlace(reference: string): MemoryPlace {
  const [, prefix, rest] = /^\s*(p:)?([^]*)$/i.exec(reference) ?? [];
  return { address: parseAddress(rest), physical: prefix !== undefined };
}

/** A memory reference for a place. */
export function formatPlace({ address, physical }: MemoryPlace): string {
  return `${physical ? 'p:' : ''}${formatAddress(address)}`;
}

/** The address in a memory or instruction reference: `0x...` or decimal. */
export function parseAddress(reference: string): number {
  const text = reference.trim();
  const value = /^(0x[0-9a-f]{1,16}|\d{1,10})$/i.test(text) ? Number(text) : NaN;
  if (!(value < ADDRESS_SPACE)) throw badMemoryReference(reference);
  return value;
}
