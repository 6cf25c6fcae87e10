/**
 * Storage for registers that do nothing by themselves: a value each, of which the guest can write some bits.
 * Devices hold one and add what their other registers do.
 */
import { sameShape } from './state.ts';

/** A register: name and offset from the manual, value after reset, and the bits that a write changes (0: read only). */
export interface RegisterDescription {
  readonly name: string;
  readonly offset: number;
  readonly reset: number;
  readonly writable: number;
}

const NONE = 0xff;

export class RegisterFile {
  private readonly descriptions: readonly RegisterDescription[];
  private readonly values: Uint32Array;
  private readonly masks: Uint32Array;
  /** Index by word offset. */
  private readonly indexes: Uint8Array;

  constructor(descriptions: readonly RegisterDescription[]) {
    this.descriptions = descriptions;
    this.values = Uint32Array.from(descriptions, (register) => register.reset);
    this.masks = Uint32Array.from(descriptions, (register) => register.writable);
    this.indexes = new Uint8Array(0x400).fill(NONE);
    descriptions.forEach((register, index) => (this.indexes[register.offset >> 2] = index));
  }

  /** The value of the register at a word offset; 0 where there is none. */
  get(offset: number): number {
    const index = this.indexes[offset >> 2];
    return index === NONE ? 0 : this.values[index];
  }

  /** A write by the guest: changes the writable bits; without effect where there is no register. */
  write(offset: number, value: number): void {
    const index = this.indexes[offset >> 2];
    if (index === NONE) return;
    const mask = this.masks[index];
    this.values[index] = (this.values[index] & ~mask) | (value & mask);
  }

  /** Sets every bit, as the device itself may. */
  set(offset: number, value: number): void {
    const index = this.indexes[offset >> 2];
    if (index !== NONE) this.values[index] = value;
  }

  reset(): void {
    this.descriptions.forEach((register, index) => (this.values[index] = register.reset));
  }

  save(): number[] {
    return Array.from(this.values);
  }

  restore(device: string, state: unknown): void {
    this.values.set(sameShape(device, this.save(), state));
  }

  inspect(): { name: string; offset: number; value: number }[] {
    return this.descriptions.map(({ name, offset }, index) => ({ name, offset, value: this.values[index] }));
  }
}
