/** Numbers as the views show them. */

/** A count with separators: `1,234,567`. */
export const formatCount = (value: number): string => value.toLocaleString('en-US');

/** A difference, with its sign: `+12`, `−3`, `±0`. */
export function formatDelta(value: number): string {
  if (value === 0) return '±0';
  return `${value > 0 ? '+' : '−'}${formatCount(Math.abs(value))}`;
}

/** A share as a percentage with one digit. */
export const formatShare = (part: number, whole: number): string =>
  whole === 0 ? '' : `${((part / whole) * 100).toFixed(1)} %`;

/** A rate with three significant digits: `0.52`, `48.1`, `1,230`. */
export function formatRate(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(value)));
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(digits, 2) });
}

/** Bytes as KB, MB or GB where they are whole. */
export function formatSize(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 2 ** 30],
    ['MB', 2 ** 20],
    ['KB', 2 ** 10],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return `${formatCount(bytes)} bytes`;
}

/** `0x` and eight hexadecimal digits. */
export const hex32 = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
